"""Delivery of jobs to their chats: progress, results, and messages that say why there is no result."""
