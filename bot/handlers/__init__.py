"""The handlers of updates. A handler is `async (services, update) -> None` and never blocks."""
