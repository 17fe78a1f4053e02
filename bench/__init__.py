"""The benchmarks: `python -m bench NAME --json PATH`. Each starts its own stack and leaves nothing behind."""
