"""The provider over HTTP: its calls, its refusals, and the control side."""
