"""Servers that stand in for Telegram and for a provider of images and videos, as strict as the real ones."""
