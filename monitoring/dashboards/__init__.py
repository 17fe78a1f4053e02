"""The Grafana dashboards, described in Python. `python -m monitoring.dashboards` writes their JSON."""
