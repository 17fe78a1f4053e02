"""A container's health checks: commands that end with 0 or 1 and cost little processor time."""
