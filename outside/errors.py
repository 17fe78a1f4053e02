"""The errors of calls to other hosts. Their classes say what is known of the request; callers go by class."""

from jobs.errors import DarkroomError

_MOST_CAUSES = 16


class OutsideError(DarkroomError):
    """Base of all errors between a request and its response."""


class NotSent(OutsideError):
    """No byte of the request was sent: the server certainly has not received it."""


class NotSendable(NotSent):
    """The URL or a header is malformed, or the URL leads to another host than the credentials are for."""


class Broken(OutsideError):
    """The request may have arrived, but no complete HTTP response came."""


class OutOfTime(Broken):
    """The call took longer than its bound, or the response arrived more slowly than the minimum pace."""


class Refused(Broken):
    """The response is not accepted: it is too large or compressed, or has too many headers."""


class TooLarge(Refused):
    """The response body is larger than its bound."""


class Left(Broken):
    """The caller's check ended the call after the request was sent; `reason` is the check's error."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(f"left before its answer was there: {type(reason).__name__}")
        self.reason = reason


def bare(error: BaseException) -> BaseException:
    """Return an error without its traceback and those of its causes, to be the cause of another error.

    A traceback holds frames, and the frames hold all that was read of a response. If a context manager turns
    the error into another one, the frames also hold the error: a reference cycle. The cycle would stay in
    memory until Python's garbage collector runs, which goes by the number of objects and not by their size.
    """
    each: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if each is None:
            break
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error
