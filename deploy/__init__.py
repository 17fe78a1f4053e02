"""Everything for deployment: the image, settings of Redis and the proxy, backups, audits, health checks."""
