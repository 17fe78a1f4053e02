"""The errors of the domain. Callers decide by an error's class, not by its text."""

from jobs.failures import Failure


class DarkroomError(Exception):
    """The base of all errors that Darkroom raises on purpose."""


class LedgerUnavailable(DarkroomError):
    """Redis did not answer, or refused the write. The change may have been made or not."""


class UnreadableRecord(LedgerUnavailable):
    """The job's record has a value that this release does not know."""


class NewerRecord(UnreadableRecord):
    """The job's record was written by a newer release. A process of that release must handle the job."""


class LeaseLost(DarkroomError):
    """This worker no longer holds the job: the lease expired and another took over, or the job ended."""


class IllegalMove(DarkroomError):
    """The job's present state does not allow this move (another process was faster)."""


class PredictionOwned(IllegalMove):
    """The prediction belongs to another job."""


class Submitted(IllegalMove):
    """The provider took the paid call after all, and made this prediction. The call must not be repeated."""

    def __init__(self, prediction: str) -> None:
        super().__init__(f"submitted before, as {prediction}")
        self.prediction = prediction


class JobFailed(DarkroomError):
    """The job cannot be finished. `failure` says why; `detail` is for the log, never for the person."""

    def __init__(self, failure: Failure, detail: str = "") -> None:
        super().__init__(f"{failure}: {detail}" if detail else str(failure))
        self.failure = failure
        self.detail = detail


class PassingError(DarkroomError):
    """A call failed that may work soon. `retry_after` is the wait (s) that the other side advises."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
