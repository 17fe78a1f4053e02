"""The interface of every generation provider: its calls, their results and their errors."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, Protocol

from jobs.errors import DarkroomError, JobFailed, PassingError
from jobs.failures import Failure


class Status(StrEnum):
    """The state of a prediction. A status that we do not know counts as `RUNNING` until the deadline."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})


class Cancelled(StrEnum):
    """The result of a request to cancel a prediction."""

    REQUESTED = "requested"
    TOO_LATE = "too late"
    NOT_FOUND = "not found"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Prediction:
    """A prediction as one poll shows it.

    Attributes:
        id: The provider's id.
        status: The state it is in.
        progress: Percent.
        outputs: http(s) or data: URLs. Files that only accompany a result (previews, masks) come last.
        error: The provider's message about a failure, "" for none.
        failure: The kind of failure, judged by the provider's message; None unless the prediction failed.
        created: When it was made, by the provider's clock (Unix seconds); None if the provider does not say.
        completed: When it ended, by the same clock; None if it has not ended, or the provider does not say.
        pending: It has succeeded, but does not list its outputs yet.
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
        """Return the seconds from `created` to `completed`, None if either is not known."""
        if self.created is None or self.completed is None:
            return None
        return self.completed - self.created


@dataclass(frozen=True, slots=True)
class Submission:
    """A prediction to be made.

    Attributes:
        reference: The provider's name of the model.
        input: The model's input.
        deadline_s: Seconds after which the provider may stop the prediction.
        webhook: The URL that the provider calls when the prediction starts and ends, "" for none.
    """

    reference: str
    input: Mapping[str, Any]
    deadline_s: float
    webhook: str = ""


class Throttled(PassingError):
    """The provider's rate limit refused the call (HTTP 429)."""


class LookRefused(PassingError):
    """The provider refused a call about a prediction that it has accepted; `failure` says why.

    The prediction is paid for, and another poll is free, so the refusal is no reason to give it up. The cause
    may be a lagging replica at the provider, a token that is being replaced, or a proxy in between.
    """

    def __init__(self, refusal: JobFailed) -> None:
        super().__init__(str(refusal))
        self.failure = refusal.failure


class OutcomeUnknown(DarkroomError):
    """The submission was sent, but no usable response came: the job may have been accepted and paid for."""


Owned = Callable[[Sequence[str]], Collection[str]]
"""Returns those of the given prediction ids that are known to belong to other jobs."""


class Provider(Protocol):
    """One generation API.

    Calls block, each for at most PROVIDER_TIMEOUT_S; an upload may take longer, by the size of the file.
    All raise jobs.errors.PassingError if a retry may help, and jobs.errors.JobFailed if not. `get` and
    `cancel` never raise JobFailed: the prediction was accepted, so a retry may always help.
    """

    name: str
    local: bool
    """Whether the API has a private address. Its outputs may then have one too."""

    def submit(self, submission: Submission) -> Prediction:
        """Start a prediction. The call is paid for: once it may have arrived, it must not be made again.

        Raises:
            PassingError: The provider has certainly not accepted the submission.
            OutcomeUnknown: The provider may or may not have accepted it.
            JobFailed: The provider refused it for good.
        """
        ...

    def find(
        self, reference: str, values: Mapping[str, Any], since: float, owned: Owned
    ) -> Prediction | None:
        """Find the prediction of a submission whose outcome is unknown.

        Args:
            reference: The provider's name of the model.
            values: Part of the prediction's input.
            since: When the submission was sent (Unix seconds). Earlier predictions are ignored, with some
                tolerance for a difference between the clocks.
            owned: Tells which predictions belong to other jobs; these are ignored.

        Returns:
            The only prediction that fits; None if none fits, or several do, or the provider cannot tell.
        """
        ...

    def get(self, prediction: str) -> Prediction:
        """Poll a prediction. Raises LookRefused if the provider refuses to show it."""
        ...

    def cancel(self, prediction: str) -> Cancelled:
        """Ask the provider to stop a prediction, which may still succeed. Raises the same as `get`."""
        ...

    def upload(self, name: str, mime: str, content: BinaryIO) -> str:
        """Upload a file (a picture to animate) and return the URL to put into a model's input."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class WebhookRefused(DarkroomError):
    """The webhook's signature is wrong or too old, or its body is not a prediction."""
