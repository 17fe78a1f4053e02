"""What an operator sees: metrics, alerts, dashboards, Flower, and one job's whole life."""
