"""Servers that stand in for Telegram and for a provider of images and videos, as strict as the real ones.

What they write is their owner's alone, whatever the shell that started them says.
"""

import os

os.umask(0o077)
