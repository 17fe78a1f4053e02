"""What waits in Redis to be dealt with at least once: updates from Telegram, and replies to people."""
