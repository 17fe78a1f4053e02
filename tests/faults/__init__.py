"""What dies, hangs or lies, and what people get all the same. Real processes, Redis, and the stand."""
