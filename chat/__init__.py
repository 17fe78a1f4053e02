"""Outbound Telegram: what is said to people, and how it gets to them. Shared by the bot and the workers."""
