"""How much, how often and for how much money: buckets, quotas and budgets that all processes share."""
