"""What the benchmarks share: stacks, arrival of jobs, resource usage, and reports."""
