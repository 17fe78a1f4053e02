"""What the benchmarks share: stacks, jobs that come in, what the machine gives, and reports of figures."""
