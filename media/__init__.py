"""The files that jobs produce: where they are kept, fetched from, linked to, and for how long."""
