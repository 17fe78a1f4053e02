"""What a deployment can set: settings from the environment, the catalogue of models, logging.

Every process of Darkroom imports this before it makes a file, or is started by one that has. What it makes is
its owner's alone, whatever the shell says: pictures and prompts, the ledger, secrets and logs.
"""

import os

os.umask(0o077)
