"""From what a person wrote or pressed to an admitted job, or to words that say why there is none."""
