"""Acknowledgement of updates: an update is acknowledged, or refused and handled again.

Until then an update from a webhook stays in Redis, and one from long polling is not confirmed to Telegram.
An update is acknowledged as soon as its effects are written. Messages that the bot then sends to the chat may
still wait for the chat's rate limit.
"""

import asyncio
from contextvars import ContextVar


class Ack:
    """The acknowledgement of one update.

    Attributes:
        answer: The decision: True once the update's lasting effects are written, False where they cannot be.
        comes_again: Whether a refused update is redelivered soon. Long polling would redeliver it only to the
            next process, so there the bot tells the person instead.
    """

    def __init__(self, *, comes_again: bool = True) -> None:
        self.comes_again = comes_again
        self.answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @property
    def taken(self) -> bool:
        """Whether the update is acknowledged."""
        return self.answer.done() and not self.answer.cancelled() and self.answer.result()

    def give(self, taken: bool) -> bool:
        """Acknowledge (True) or refuse (False) the update.

        Returns:
            False where the update was decided before, or the wait for the decision was cancelled.
        """
        if self.answer.done():
            return False
        self.answer.set_result(taken)
        return True


_current: ContextVar[Ack | None] = ContextVar("ack", default=None)


def open_with(ack: Ack) -> None:
    """Make `ack` the current acknowledgement in the rest of this asyncio task."""
    _current.set(ack)


def accept() -> None:
    """Acknowledge the current update: its effects are durable, and it need not be redelivered."""
    ack = _current.get()
    if ack is not None:
        ack.give(True)


def pending() -> bool:
    """Return whether the current update can still be refused and then be redelivered."""
    ack = _current.get()
    return ack is not None and ack.comes_again and not ack.answer.done()


def refuse() -> bool:
    """Refuse the current update, as it cannot be handled now; return True where it is redelivered.

    The person need not be told then. An update that took too long is redelivered too: the wait for its
    decision has ended, and another process handles it.
    """
    ack = _current.get()
    return ack is not None and ack.comes_again and (ack.give(False) or not ack.taken)
