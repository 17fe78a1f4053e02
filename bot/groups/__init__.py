"""The services that handlers use, in groups for jobs, users and admins. `bot.services` combines them."""
