"""A job on its way into its chat: progress, the result, the words where there is none."""
