"""Servers that stand in for Telegram and for a provider of images and videos, as strict as the real ones.

Only their owner can read the files that they write, whatever umask they are started with.
"""

import os

os.umask(0o077)
