"""The rate limits of admission, read from the annotations of a Celery task. Pure."""

from collections.abc import Mapping
from typing import Any

from config.rates import Rate, parse_rate
from jobs.model import Tier

__all__ = ["Rate", "parse_rate", "user_rates"]


def user_rates(annotations: Mapping[str, Any]) -> dict[Tier, Rate]:
    """Return the users' rate limits in a task's annotations, by tier; a tier that is missing has no limit.

    The annotations are `user_rate_limit` and `vip_user_rate_limit`.
    """
    names = {Tier.REGULAR: "user_rate_limit", Tier.VIP: "vip_user_rate_limit"}
    return {tier: parse_rate(annotations[name]) for tier, name in names.items() if annotations.get(name)}
