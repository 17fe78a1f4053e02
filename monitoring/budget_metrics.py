"""Metrics of the budgets: limits, used and reserved amounts, refused requests. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import Metric

from config.budgets import MILLIONTHS
from ledger import counters
from ledger.limits.budgets import Budget
from monitoring.families import counter, gauge, under

_LABELS = ("period", "budget")


def collect(budgets: Sequence[Budget], counts: Mapping[str, int]) -> Iterator[Metric]:
    """Yield all metrics of the budgets. For budgets of each user there are only the refusals."""
    common = [(budget, (budget.period, budget.name)) for budget in budgets if budget.used is not None]
    yield gauge(
        "budget_usd",
        "What jobs may cost in the present day or month (UTC), in US dollars.",
        _LABELS,
        ((labels, budget.limit / MILLIONTHS) for budget, labels in common),
    )
    yield gauge(
        "budget_used_usd",
        "List price of what the provider has taken of that.",
        _LABELS,
        ((labels, (budget.used or 0) / MILLIONTHS) for budget, labels in common),
    )
    yield gauge(
        "budget_reserved_usd",
        "List price of accepted jobs that it has not taken yet.",
        _LABELS,
        ((labels, (budget.reserved or 0) / MILLIONTHS) for budget, labels in common),
    )
    refused = {(budget.period, budget.name): 0 for budget in budgets}
    refused |= {
        (labels[0], labels[1]): counts[name] for name, labels in under(counts, counters.OVER_BUDGET, 2)
    }
    yield counter(
        "budget_refusals_total",
        "Requests that were turned away for a budget.",
        _LABELS,
        refused.items(),
    )
