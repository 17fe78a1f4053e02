"""The provider over HTTP: its API, its errors, and the control API."""
