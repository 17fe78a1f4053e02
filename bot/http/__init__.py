"""The bot's HTTP door: Telegram's updates, the providers' webhooks, and the questions after its health."""
