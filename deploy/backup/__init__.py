"""Backups of the ledger, with a list of the files in the media store. See docs/backup.md."""
