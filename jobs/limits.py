"""The token buckets of admission, read from the annotations of a task. Pure."""

from collections.abc import Mapping
from typing import Any

from config.rates import Rate, parse_rate
from jobs.model import Tier

__all__ = ["Rate", "parse_rate", "user_rates"]


def user_rates(annotations: Mapping[str, Any]) -> dict[Tier, Rate]:
    """The buckets of one task's annotations (`user_rate_limit`, `vip_user_rate_limit`); absent: no limit."""
    names = {Tier.REGULAR: "user_rate_limit", Tier.VIP: "vip_user_rate_limit"}
    return {tier: parse_rate(annotations[name]) for tier, name in names.items() if annotations.get(name)}
