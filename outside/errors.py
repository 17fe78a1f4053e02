"""What goes wrong outside. Each says what is known of the request; callers decide by class, not by text."""

from jobs.errors import DarkroomError


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
