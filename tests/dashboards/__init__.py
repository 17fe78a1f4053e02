"""The dashboards' queries on a real Prometheus, while the whole stack works."""
