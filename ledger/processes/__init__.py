"""The processes: their signs of life, their work in the background, and the figures that they hand in."""
