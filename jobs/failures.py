"""Why a job can fail: what the person is told, and whose fault it was."""

from enum import StrEnum

GIFTS = 2
"""Jobs of one person in any hour that are not counted though they were paid, as they failed by our fault.
Whoever could have such jobs without end would spend without end."""
GIFTS_WITHIN_MS = 3_600_000


class Failure(StrEnum):
    """The reason stored with a failed job; `chat.texts` has a sentence for each."""

    REFUSED = "refused"  # the provider's content policy
    REJECTED = "rejected"  # the provider does not take this input
    PROVIDER_FAILED = "provider_failed"  # the prediction ended in an error
    PROVIDER_DOWN = "provider_down"  # the provider could not be reached or kept failing
    NOT_CONFIGURED = "not_configured"  # the account, or the model's name, is not in order with the provider
    TIMED_OUT = "timed_out"  # not ready at the model's deadline
    UNKNOWN_OUTCOME = "unknown_outcome"  # the submission was made, and never heard of again
    TOO_LARGE = "too_large"  # the output is over MEDIA_MAX_BYTES
    BAD_OUTPUT = "bad_output"  # the output is missing, cut short or of another type
    CRASHED = "crashed"  # its worker died too many times
    UNREACHABLE = "unreachable"  # the chat is gone or the bot is blocked there
    NO_MEDIA = "no_media"  # the chat takes words, and not this file
    OVER_BUDGET = "over_budget"  # the job that it shared was cancelled, and no budget has room for another
    SOURCE_GONE = "source_gone"  # the picture to animate is no longer kept
    INTERNAL = "internal"  # an error of ours

    @property
    def ours(self) -> bool:
        """Whether the job failed by our or the provider's fault, and not by what the person did."""
        theirs = (Failure.REFUSED, Failure.REJECTED, Failure.UNREACHABLE, Failure.NO_MEDIA)
        return self not in theirs

    @property
    def doubtful(self) -> bool:
        """Whether a job that failed so during its paid call may have been taken by the provider.

        All others are the provider's own answer, or say that it was not reached.
        """
        return self in (Failure.INTERNAL, Failure.CRASHED, Failure.UNKNOWN_OUTCOME, Failure.TIMED_OUT)
