"""Metrics of other services: calls to providers and Telegram, and webhooks. Pure.

They belong to no change of a job, so each process adds them up and writes them with its heartbeat. A process
that is killed loses those since its last heartbeat (see `ledger.processes.metrics_buffer`).
"""

from collections.abc import Iterator

from prometheus_client.core import Metric

from ledger import counters
from monitoring.families import Values, counter, histogram, under
from monitoring.snapshot import Snapshot

URGENCIES = ("progress", "answer", "result")
WEBHOOKS = ("received", "repeated", "refused", "put_off")


def collect(seen: Snapshot) -> Iterator[Metric]:
    """Yield all metrics of other services."""
    yield from providers(seen)
    yield from telegram(seen)
    yield counter(
        "webhooks_total",
        "Webhooks by their source: received, repeated (heard before), refused, put_off (503).",
        ("source", "result"),
        _counted(seen, counters.WEBHOOKS, 2, {counters.webhooks("telegram", each): 0 for each in WEBHOOKS}),
    )


def providers(seen: Snapshot) -> Iterator[Metric]:
    """Yield the metrics of calls to the providers."""
    names = ("provider", "operation", "outcome", "model")
    yield counter(
        "provider_requests_total",
        "Calls to a provider: ok, throttled (429), failed (5xx, none), unknown, refused, denied (account).",
        names,
        _counted(seen, counters.PROVIDER, 4),
    )
    yield histogram(
        "provider_request_duration_seconds",
        "How long calls to a provider took.",
        ("provider", "operation", "model"),
        (
            (labels, seen.observations[name])
            for name, labels in under(seen.observations, counters.PROVIDER, 3)
        ),
    )


def telegram(seen: Snapshot) -> Iterator[Metric]:
    """Yield the metrics of calls to Telegram."""
    yield counter(
        "telegram_calls_total",
        "Calls to the Bot API: ok, throttled (429), refused, failed (5xx, no answer).",
        ("method", "outcome"),
        _counted(seen, counters.TELEGRAM, 2),
    )
    yield histogram(
        "telegram_call_duration_seconds",
        "How long calls to the Bot API took, without the wait for their turn.",
        ("method",),
        (
            (labels, seen.observations[name])
            for name, labels in under(seen.observations, counters.TELEGRAM, 1)
        ),
    )
    yield histogram(
        "telegram_wait_seconds",
        "How long messages and edits waited for their turn.",
        ("urgency",),
        (((urgency,), seen.observations.get(counters.telegram_wait(urgency), {})) for urgency in URGENCIES),
    )
    yield counter(
        "telegram_edits_dropped_total",
        "Progress edits that were left out.",
        (),
        [((), seen.counts.get(counters.TELEGRAM_DROPPED, 0))],
    )


def _counted(seen: Snapshot, prefix: str, parts: int, least: dict[str, int] | None = None) -> Values:
    counts = {**(least or {}), **seen.counts}
    return ((labels, counts[name]) for name, labels in under(counts, prefix, parts))
