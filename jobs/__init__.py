"""The domain: jobs, their states and failures, and the rules that need nothing but Python."""
