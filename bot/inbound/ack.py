"""The acknowledgement of an update: whether it is dealt with, or must be taken up once more.

Until this is known an update from a webhook stays in Redis, and one from long polling is not confirmed to
Telegram. It need not stay for all that is then said in the chat, which may have to wait for its turn there.
"""

import asyncio
from contextvars import ContextVar


class Ack:
    """One update's. `answer` is True after all that must last is written, False where it cannot be.

    `comes_again`: an update that is refused is soon taken up once more. Long polling would bring it only to
    the next process, so there the person is told instead.
    """

    def __init__(self, *, comes_again: bool = True) -> None:
        self.comes_again = comes_again
        self.answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @property
    def taken(self) -> bool:
        """Whether the update is dealt with."""
        return self.answer.done() and not self.answer.cancelled() and self.answer.result()

    def give(self, taken: bool) -> bool:
        """Answer; False where that was done before (or nobody waits any more)."""
        if self.answer.done():
            return False
        self.answer.set_result(taken)
        return True


_current: ContextVar[Ack | None] = ContextVar("ack", default=None)


def open_with(ack: Ack) -> None:
    """Note that what follows in this asyncio task handles the update of `ack`."""
    _current.set(ack)


def accept() -> None:
    """Acknowledge the update: its effects are written, and it need not come again."""
    ack = _current.get()
    if ack is not None:
        ack.give(True)


def pending() -> bool:
    """Return whether the update can still be refused, to come again."""
    ack = _current.get()
    return ack is not None and ack.comes_again and not ack.answer.done()


def refuse() -> bool:
    """Refuse the update, as it cannot be dealt with now; return True where it comes again.

    Nobody need be told then. An update that took too long comes again too: nobody waits for its answer any
    more, and another process takes it up.
    """
    ack = _current.get()
    return ack is not None and ack.comes_again and (ack.give(False) or not ack.taken)
