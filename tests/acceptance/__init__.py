"""The whole of Darkroom as processes, seen as a person and an operator see it."""
