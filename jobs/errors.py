"""The errors of the domain. Each is what its docstring says; callers decide by class, not by text."""

from jobs.failures import Failure


class DarkroomError(Exception):
    """Base of all errors that Darkroom raises on purpose."""


class LedgerUnavailable(DarkroomError):
    """Redis did not answer, or refused the write; nothing is known to be written."""


class UnreadableRecord(LedgerUnavailable):
    """The job's record has something that this release does not know."""


class NewerRecord(UnreadableRecord):
    """The job's record was written by a newer release: a process of that release must read it."""


class LeaseLost(DarkroomError):
    """The job is no longer this worker's: its lease lapsed and another took over, or the job ended."""


class IllegalMove(DarkroomError):
    """The job's present state does not allow this move (another process got there first)."""


class PredictionOwned(IllegalMove):
    """The prediction belongs to another job."""


class Submitted(IllegalMove):
    """The paid call was taken after all, and made this prediction: it must not be made once more."""

    def __init__(self, prediction: str) -> None:
        super().__init__(f"submitted before, as {prediction}")
        self.prediction = prediction


class JobFailed(DarkroomError):
    """The job cannot be finished; `failure` says why, `detail` is for the log (never for the person)."""

    def __init__(self, failure: Failure, detail: str = "") -> None:
        super().__init__(f"{failure}: {detail}" if detail else str(failure))
        self.failure = failure
        self.detail = detail


class PassingError(DarkroomError):
    """Something failed that may work in a moment; `retry_after` (seconds) is the other side's own advice."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
