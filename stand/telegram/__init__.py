"""A strict Telegram Bot API server with virtual users. Start it with `python -m stand.telegram`."""
