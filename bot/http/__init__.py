"""The bot's HTTP server: Telegram's updates, the providers' webhooks, and health checks."""
