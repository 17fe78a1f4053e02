"""`python -m config > .env.example` writes the example from the declared settings."""

import sys

from config.settings import example

sys.stdout.write(example())
