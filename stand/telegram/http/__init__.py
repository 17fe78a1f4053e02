"""The HTTP side: the application, its connections, and the control API."""
