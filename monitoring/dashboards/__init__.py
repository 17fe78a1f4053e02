"""The Grafana dashboards, written down in Python; `python -m monitoring.dashboards` writes their JSON."""
