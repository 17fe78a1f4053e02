"""A strict Telegram Bot API server with simulated users. Start it with `python -m stand.telegram`."""
