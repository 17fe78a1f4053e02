"""Inbound Telegram: updates become jobs in the ledger and messages on the broker."""
