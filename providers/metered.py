"""A provider whose calls are counted and timed, under the name of the model that they are made for."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, BinaryIO

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from ledger import counters
from ledger.processes.metrics_buffer import MetricsBuffer
from providers.base import (
    Cancelled,
    LookRefused,
    OutcomeUnknown,
    Owned,
    Prediction,
    Provider,
    Submission,
    Throttled,
)


class Operation(StrEnum):
    """The calls that are counted."""

    SUBMIT = "submit"
    FIND = "find"
    GET = "get"
    CANCEL = "cancel"
    UPLOAD = "upload"


class ProviderOutcome(StrEnum):
    """How a call went."""

    OK = "ok"
    THROTTLED = "throttled"  # HTTP 429
    FAILED = "failed"  # 5xx, no connection, no readable answer: passing
    UNKNOWN = "unknown"  # a submission whose answer was lost
    REFUSED = "refused"  # the provider does not take this request
    DENIED = "denied"  # it does not take our account (token, credit) or has no such model for it


class Metered:
    """See `providers.base.Provider`; cheap to make. Counts into the tally, never waits."""

    def __init__(self, provider: Provider, model: str, tally: MetricsBuffer) -> None:
        self.name = provider.name
        self.local = provider.local
        self._provider = provider
        self._model = model
        self._tally = tally

    def submit(self, submission: Submission) -> Prediction:
        """Start a prediction."""
        with self._call(Operation.SUBMIT):
            return self._provider.submit(submission)

    def find(
        self, reference: str, values: Mapping[str, Any], since: float, owned: Owned
    ) -> Prediction | None:
        """Look for a submission."""
        with self._call(Operation.FIND):
            return self._provider.find(reference, values, since, owned)

    def get(self, prediction: str) -> Prediction:
        """Look at a prediction."""
        with self._call(Operation.GET):
            return self._provider.get(prediction)

    def cancel(self, prediction: str) -> Cancelled:
        """Ask the provider to stop."""
        with self._call(Operation.CANCEL):
            return self._provider.cancel(prediction)

    def upload(self, name: str, mime: str, content: BinaryIO) -> str:
        """Give the provider a file."""
        with self._call(Operation.UPLOAD):
            return self._provider.upload(name, mime, content)

    def close(self) -> None:
        """Close the provider's connections."""
        self._provider.close()

    @contextmanager
    def _call(self, operation: Operation) -> Iterator[None]:
        began, outcome = time.monotonic(), ProviderOutcome.OK
        try:
            yield
        except BaseException as error:
            outcome = _outcome(error)
            raise
        finally:
            called = counters.provider_calls(self.name, operation, outcome, self._model)
            took = counters.provider_seconds(self.name, operation, self._model)
            self._tally.count(called)
            self._tally.observe(took, time.monotonic() - began)


def _outcome(error: BaseException) -> ProviderOutcome:
    if isinstance(error, JobFailed | LookRefused) and error.failure is Failure.NOT_CONFIGURED:
        return ProviderOutcome.DENIED
    for kind, outcome in (
        (Throttled, ProviderOutcome.THROTTLED),
        (LookRefused, ProviderOutcome.REFUSED),
        (PassingError, ProviderOutcome.FAILED),
        (OutcomeUnknown, ProviderOutcome.UNKNOWN),
        (JobFailed, ProviderOutcome.REFUSED),
    ):
        if isinstance(error, kind):
            return outcome
    return ProviderOutcome.FAILED
