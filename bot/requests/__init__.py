"""From a person's message or press to an admitted job, or to a reply that says why there is none."""
