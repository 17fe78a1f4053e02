"""The configuration: settings from the environment, the catalogue of models, and logging.

Every process of Darkroom imports this package before it creates a file, or is started by a process that has.
So only the owner can read the files that it creates, whatever the shell's umask: pictures and prompts, the
ledger, secrets and logs.
"""

import os

os.umask(0o077)
