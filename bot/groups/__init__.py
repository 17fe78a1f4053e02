"""What handlers work with, in groups of one noun each; `bot.services` puts them together."""
