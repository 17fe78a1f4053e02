"""What every generation provider looks like from the inside of Darkroom."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, Protocol

from jobs.errors import DarkroomError, JobFailed, PassingError
from jobs.failures import Failure


class Status(StrEnum):
    """How far a prediction is. A status that we do not know counts as `RUNNING` until the deadline."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})


class Cancelled(StrEnum):
    """What a provider makes of a cancel."""

    REQUESTED = "requested"
    TOO_LATE = "too late"
    NOT_FOUND = "not found"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Prediction:
    """One look at a prediction. `progress` is in percent; `outputs` are http(s) or data: URLs, and last those
    that only go with another one (previews, masks).

    `failure`: whose a failed one is to mend, by what the provider says; None where it has not failed.
    `created` and `completed`: when it was made and when it ended, by the provider's clock (Unix seconds),
    None where that has not happened or is not told. `pending`: it has succeeded, and shows no outputs yet.
    """

    id: str
    status: Status
    progress: int = 0
    outputs: tuple[str, ...] = ()
    error: str = ""
    failure: Failure | None = None
    created: float | None = None
    completed: float | None = None
    pending: bool = False

    @property
    def took_s(self) -> float | None:
        """Seconds from its creation to its end, None where one of them is not told."""
        if self.created is None or self.completed is None:
            return None
        return self.completed - self.created


@dataclass(frozen=True, slots=True)
class Submission:
    """What to make: the provider's name of the model, its input, and where to tell the end of it (or "").

    `deadline_s`: the provider may stop the prediction after this many seconds.
    """

    reference: str
    input: Mapping[str, Any]
    deadline_s: float
    webhook: str = ""


class Throttled(PassingError):
    """The provider says that we ask too often (HTTP 429)."""


class LookRefused(PassingError):
    """The provider refused a call about a prediction that it has accepted; `failure` says why.

    The prediction is paid for, and asking again is free: a copy of the provider's data that lags behind, a
    token that is being replaced or a page of some proxy in between are no reason to give it up.
    """

    def __init__(self, refusal: JobFailed) -> None:
        super().__init__(str(refusal))
        self.failure = refusal.failure


class OutcomeUnknown(DarkroomError):
    """The submission was sent and its answer never came: it may have been accepted, and paid."""


Owned = Callable[[Sequence[str]], Collection[str]]
"""Answers which of these predictions are known to belong to other jobs."""


class Provider(Protocol):
    """One generation API. Blocking calls, each bounded by PROVIDER_TIMEOUT_S.

    All raise jobs.errors.PassingError where a repetition may help and jobs.errors.JobFailed where not. About
    a prediction that was accepted (`get`, `cancel`) a repetition always may: they never raise JobFailed.
    """

    name: str
    local: bool
    """Whether the API runs on a private address, so that its outputs may too."""

    def submit(self, submission: Submission) -> Prediction:
        """Start a prediction: a paid call, never to be repeated once it may have arrived.

        PassingError is raised only when the provider has surely not accepted it; OutcomeUnknown when nobody
        can tell.
        """
        ...

    def find(
        self, reference: str, values: Mapping[str, Any], since: float, owned: Owned
    ) -> Prediction | None:
        """Look for a submission made after `since` (Unix seconds) whose input has these values.

        None where there is none, or more than one, or the provider cannot tell. Those that
        belong to other jobs (`owned`) are left out.
        """
        ...

    def get(self, prediction: str) -> Prediction:
        """Look at a prediction; raises LookRefused where the provider does not show it."""
        ...

    def cancel(self, prediction: str) -> Cancelled:
        """Ask the provider to stop; the prediction may still succeed. Raises as `get`."""
        ...

    def upload(self, name: str, mime: str, content: BinaryIO) -> str:
        """Give the provider a file (a picture to animate); returns the URL to put into an input."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class WebhookRefused(DarkroomError):
    """The webhook's signature is wrong, too old, or its body is not a prediction."""
