"""The services for the admins' handlers: switches, broadcasts, budgets and statistics."""

from collections.abc import Mapping
from dataclasses import dataclass

from config.settings import Settings
from jobs.limits import Rate
from jobs.model import Tier
from ledger.admin.broadcasts import Broadcasts
from ledger.admin.controls import Controls
from ledger.admin.statistics import Statistics
from ledger.connections import Connections
from ledger.limits.budgets import Budgets


@dataclass(frozen=True, slots=True)
class Admin:
    """The admins' group. All services in it block."""

    controls: Controls
    broadcasts: Broadcasts
    budgets: Budgets
    statistics: Statistics


def admin(settings: Settings, redis: Connections, rates: Mapping[Tier, Rate]) -> Admin:
    """Return the group. `rates` are the users' rate limits."""
    return Admin(
        controls=Controls(redis.client),
        broadcasts=Broadcasts(redis.client, settings),
        budgets=Budgets(redis.client, settings),
        statistics=Statistics(redis.client, rates),
    )
