"""What an operator runs beside the services: the image, Redis's and the proxy's settings, health checks."""
