"""A Replicate-compatible generation provider that runs on this machine and draws procedural sketches."""
