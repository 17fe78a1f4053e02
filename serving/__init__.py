"""What our HTTP servers have in common: what a stranger's connection may cost, and which sites may ask."""
