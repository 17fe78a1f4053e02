"""The common parts of our HTTP servers: how they serve, and how much a stranger's connection may cost."""
