"""Metrics of the calls to Telegram: outcomes, durations, waits for the rate limit, dropped edits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter

from ledger import counters
from ledger.processes.metrics_buffer import MetricsBuffer


class CallOutcome(StrEnum):
    """The outcome of a call."""

    OK = "ok"
    THROTTLED = "throttled"  # HTTP 429
    REFUSED = "refused"  # Telegram refuses this call, or this chat
    FAILED = "failed"  # no response, or one that tells of trouble at Telegram


class CallMetrics:
    """Counts calls in a metrics buffer; never blocks."""

    def __init__(self, tally: MetricsBuffer) -> None:
        self._tally = tally

    @contextmanager
    def call(self, method: str) -> Iterator[None]:
        """Measure one call of a method of the Bot API, made in the block."""
        began, outcome = time.monotonic(), CallOutcome.OK
        try:
            yield
        except BaseException as error:
            outcome = _outcome(error)
            raise
        finally:
            self._tally.count(counters.telegram_calls(method, outcome))
            self._tally.observe(counters.telegram_seconds(method), time.monotonic() - began)

    @contextmanager
    def wait(self, urgency: str) -> Iterator[None]:
        """Measure one wait for the rate limit, in the block."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._tally.observe(counters.telegram_wait(urgency), time.monotonic() - began)

    def drop(self) -> None:
        """Count a progress edit that was dropped."""
        self._tally.count(counters.TELEGRAM_DROPPED)


def _outcome(error: BaseException) -> CallOutcome:
    if isinstance(error, RetryAfter):
        return CallOutcome.THROTTLED
    if isinstance(error, BadRequest | Forbidden | ChatMigrated):
        return CallOutcome.REFUSED
    return CallOutcome.FAILED
