"""Health checks of containers: commands that exit with 0 or 1 and cost little processor time."""
