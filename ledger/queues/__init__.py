"""The durable at-least-once queues in Redis: Telegram's updates, and replies to people."""
