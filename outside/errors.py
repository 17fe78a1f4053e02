"""What goes wrong outside. Each says what is known of the request; callers decide by class, not by text."""

from jobs.errors import DarkroomError

_MOST_CAUSES = 16


class OutsideError(DarkroomError):
    """Base of all that goes wrong between a request and its answer."""


class NotSent(OutsideError):
    """Nothing of the request has left: the other side has surely not heard of it."""


class NotSendable(NotSent):
    """The URL or a header is none that can be sent, or leads to another host than the credentials are for."""


class Broken(OutsideError):
    """The request may have arrived; no answer did, or one that ends early or is not HTTP."""


class OutOfTime(Broken):
    """The whole took longer than its bound, or came more slowly than its least pace."""


class Refused(Broken):
    """The answer is larger, packed or shaped otherwise than what is read here."""


class TooLarge(Refused):
    """The answer has more bytes than are read here."""


class Left(Broken):
    """The caller had reason to stop, and left the request before its answer was there."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(f"left before its answer was there: {type(reason).__name__}")
        self.reason = reason


def bare(error: BaseException) -> BaseException:
    """Return an error as the cause of another one, without its traceback and those of its own causes.

    A traceback holds frames, and they hold all that was read of an answer. Where the error went through a
    context manager that raises another one, they also hold the error: such a circle would stay in memory
    until Python's collector comes, which goes by the number of objects and not by their megabytes.
    """
    each: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if each is None:
            break
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error
