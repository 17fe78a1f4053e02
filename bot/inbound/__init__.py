"""Inbound updates: received by polling or webhook, kept until acknowledged, handled in each chat's order."""
