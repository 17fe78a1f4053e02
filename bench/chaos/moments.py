"""The worst moment of all: a process dies between its mark in the ledger and Telegram's answer.

A fault of the stand holds one call of a kind; when it has struck, the request is in flight, and the process
that made it is killed. Whether Telegram has carried the call out by then differs from strike to strike.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

_HELD_S = 5.0
"""For this long Telegram holds the call: longer than a busy machine needs to see it and to kill."""
_LOOK_S = 0.02
_BETWEEN_S = 4.0
"""A message that is deleted leads to a new one within this time, or another is deleted."""

Delete = Callable[[], object]


class Stand(Protocol):
    """What is needed of `stand.telegram.client.TelegramStand`."""

    def fault(self, kind: str, **order: Any) -> int:
        """Order a fault."""

    def struck(self, order: int) -> int | None:
        """The chat of the call that a fault has hit; None where it has hit none."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A call that is held, and the process that makes it. `kind` is the stand's fault: with "delay" the call
    is carried out after the death, with "drop_answer" it has been. `text` is a part of what it says."""

    method: str
    whom: str
    kind: str
    text: str = ""


_ANNOUNCED = "is ready"
"""What a new message says that is about to become the result."""
MOMENTS = tuple(
    Moment(method, whom, kind, text)
    for method, whom, text in (
        ("sendMessage", "bot", "Queued"),
        ("editMessageMedia", "giver", ""),
        ("sendMessage", "giver", _ANNOUNCED),
    )
    for kind in ("delay", "drop_answer")
)


def draw(random: Random, times: int) -> list[tuple[str, int]]:
    """Return each method so many times: whom, and which of MOMENTS."""
    kinds = len(MOMENTS) // 3
    return [
        (MOMENTS[number].whom, number)
        for _ in range(times)
        for first in range(0, len(MOMENTS), kinds)
        for number in [first + random.randrange(kinds)]
    ]


def await_call(stand: Stand, moment: Moment, within_s: float, delete: Delete) -> int | None:
    """Have the next call of this kind held; return its chat as soon as it is, None where none came in time.

    Args:
        delete: deletes the status message of a request that is being worked on. Without that hardly any
            new message is posted for a result.
    """
    order = stand.fault(moment.kind, method=moment.method, text=moment.text, seconds=_HELD_S)
    now = time.monotonic()
    deadline, next_delete = now + within_s, now
    while (chat := stand.struck(order)) is None:
        now = time.monotonic()
        if now >= deadline:
            return None
        if moment.text == _ANNOUNCED and now >= next_delete and delete():
            next_delete = now + _BETWEEN_S
        time.sleep(_LOOK_S)
    return chat
