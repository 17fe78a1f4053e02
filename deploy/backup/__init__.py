"""Backups of the ledger, and of the list of what is in the media store. See docs/backup.md."""
