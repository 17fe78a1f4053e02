"""Prometheus and Alertmanager, real ones: rules, alerts, and who is told of them."""
