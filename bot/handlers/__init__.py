"""What each kind of update does. A handler is `async (services, update) -> None` and never blocks."""
