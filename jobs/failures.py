"""The reasons why a job can fail, and whose fault each is."""

from enum import StrEnum

GIFTS = 2
"""Tokens that one person gets back in any hour for jobs that were paid and failed by our fault. Without this
limit a person whose jobs keep failing could spend without end."""
GIFTS_WITHIN_MS = 3_600_000


class Failure(StrEnum):
    """The reason stored with a failed job; `chat.status` has a sentence for each."""

    REFUSED = "refused"  # the provider's content policy
    REJECTED = "rejected"  # the provider does not take this input
    PROVIDER_FAILED = "provider_failed"  # the prediction ended in an error
    PROVIDER_DOWN = "provider_down"  # the provider could not be reached or kept failing
    NOT_CONFIGURED = "not_configured"  # the provider does not accept the account, or the model's name
    TIMED_OUT = "timed_out"  # not ready at the model's deadline
    UNKNOWN_OUTCOME = "unknown_outcome"  # the paid call was made, and no prediction of it was found
    TOO_LARGE = "too_large"  # the output is over MEDIA_MAX_BYTES
    BAD_OUTPUT = "bad_output"  # the output is missing, cut short or of another type
    CRASHED = "crashed"  # its worker died too many times
    UNREACHABLE = "unreachable"  # the chat is gone or the bot is blocked there
    NO_MEDIA = "no_media"  # the chat takes text, and not this file
    OVER_BUDGET = "over_budget"  # the job that this one shared was cancelled, and a budget has no room for it
    SOURCE_GONE = "source_gone"  # the picture to animate is no longer kept
    INTERNAL = "internal"  # an error of ours

    @property
    def ours(self) -> bool:
        """Whether the job failed by our or the provider's fault, and not because of the person."""
        theirs = (Failure.REFUSED, Failure.REJECTED, Failure.UNREACHABLE, Failure.NO_MEDIA)
        return self not in theirs

    @property
    def doubtful(self) -> bool:
        """Whether the provider may have taken a job that failed for this reason during its paid call.

        The other reasons are the provider's own reply, or mean that the provider was not reached.
        """
        return self in (Failure.INTERNAL, Failure.CRASHED, Failure.UNKNOWN_OUTCOME, Failure.TIMED_OUT)
