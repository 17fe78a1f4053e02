"""Logs and error reports, without secrets and safe to show in a terminal."""
