"""The riskiest moment: a process dies between its write to the ledger and Telegram's reply.

A fault of the stand delays one call of a given kind. Once the fault has hit a call, the request is in flight,
and the process that made it is killed. Whether Telegram has carried out the call by then depends on the
fault.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

_HELD_S = 5.0
"""Delay of the call (s): longer than a busy machine needs to notice the call and kill its process."""
_LOOK_S = 0.02
_BETWEEN_S = 4.0
"""Time (s) within which a deleted status message leads to a new one; after it another is deleted."""

Delete = Callable[[], object]


class Stand(Protocol):
    """The part of `stand.telegram.client.TelegramStand` that is needed here."""

    def fault(self, kind: str, **order: Any) -> int:
        """Order a fault and return its number."""

    def struck(self, order: int) -> int | None:
        """Return the chat of the call that a fault has hit; None if it has hit none."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A call during which the process that makes it is killed.

    Attributes:
        method: The Bot API method.
        whom: The group of processes that make the call.
        kind: The stand's fault. After "delay" the call is carried out after the process's death, with
            "drop_answer" before it.
        text: A part of the message's text.
    """

    method: str
    whom: str
    kind: str
    text: str = ""


_ANNOUNCED = "is ready"
"""Part of the text of a new message that is about to become the result."""
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
    """Return each method `times` times: the group of processes, and the index in MOMENTS."""
    kinds = len(MOMENTS) // 3
    return [
        (MOMENTS[number].whom, number)
        for _ in range(times)
        for first in range(0, len(MOMENTS), kinds)
        for number in [first + random.randrange(kinds)]
    ]


def await_call(stand: Stand, moment: Moment, within_s: float, delete: Delete) -> int | None:
    """Delay the next call of this kind and return its chat at once; None if there was no call in time.

    Args:
        stand: The Telegram stand.
        moment: The kind of call.
        within_s: Longest wait (s).
        delete: Deletes the status message of a job in progress. Without it, hardly any result needs a new
            message.
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
