"""Logs and error reports, fit for a terminal and without secrets."""
