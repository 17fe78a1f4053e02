"""What an operator sees: metrics, alerts, dashboards, Flower, and the history of a job."""
