"""What is counted of the calls to Telegram: how each went, how long it took and waited, what was dropped."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter

from ledger import counters
from ledger.processes.metrics_buffer import MetricsBuffer


class CallOutcome(StrEnum):
    """How a call went."""

    OK = "ok"
    THROTTLED = "throttled"  # HTTP 429
    REFUSED = "refused"  # this call, or this chat, will not do
    FAILED = "failed"  # no answer, or one of trouble at Telegram


class CallMetrics:
    """Counts into a tally; never waits."""

    def __init__(self, tally: MetricsBuffer) -> None:
        self._tally = tally

    @contextmanager
    def call(self, method: str) -> Iterator[None]:
        """Around one call of a method of the Bot API."""
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
        """Around one wait for a turn."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._tally.observe(counters.telegram_wait(urgency), time.monotonic() - began)

    def drop(self) -> None:
        """A progress edit was left out."""
        self._tally.count(counters.TELEGRAM_DROPPED)


def _outcome(error: BaseException) -> CallOutcome:
    if isinstance(error, RetryAfter):
        return CallOutcome.THROTTLED
    if isinstance(error, BadRequest | Forbidden | ChatMigrated):
        return CallOutcome.REFUSED
    return CallOutcome.FAILED
