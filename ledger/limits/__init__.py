"""The limits that all processes share: token buckets, providers' quotas and budgets."""
