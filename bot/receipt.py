"""What is known of an update: whether it is dealt with, or must be taken up once more.

Until this is known an update from a webhook stays in Redis, and one from long polling is not confirmed to
Telegram. It need not stay for all that is then said in the chat, which may have to wait for its turn there.
"""

import asyncio
from contextvars import ContextVar


class Receipt:
    """One for each update; `answer` is True once all that must last is written, False where it cannot be.

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


_current: ContextVar[Receipt | None] = ContextVar("receipt", default=None)


def open_with(receipt: Receipt) -> None:
    """What follows in this asyncio task handles the update of this receipt."""
    _current.set(receipt)


def settle() -> None:
    """All that must last of this update is written, be it a job or nothing: the rest is talk."""
    receipt = _current.get()
    if receipt is not None:
        receipt.give(True)


def awaited() -> bool:
    """Whether this update can still be refused, to be taken up again."""
    receipt = _current.get()
    return receipt is not None and receipt.comes_again and not receipt.answer.done()


def refuse() -> bool:
    """The update cannot be dealt with now; True where it comes again, so that nobody need be told.

    One that took too long comes again too: nobody waits for its answer any more, and another takes it up.
    """
    receipt = _current.get()
    return receipt is not None and receipt.comes_again and (receipt.give(False) or not receipt.taken)
