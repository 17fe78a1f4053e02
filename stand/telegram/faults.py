"""Faults on request: what goes wrong with the next matching calls of bots."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from stand.telegram.errors import ApiError, too_many

_REMEMBERED = 100
KINDS = ("429", "500", "502", "reset", "delay", "drop_answer", "403", "400")

_WORDS = {
    "400": "Bad Request: CHAT_WRITE_FORBIDDEN",
    "403": "Forbidden: bot was blocked by the user",
    "500": "Internal Server Error",
    "502": "Bad Gateway",
}


@dataclass
class Fault:
    """One order of POST /control/faults; `times` decreases with every call that it hits."""

    id: int
    kind: str
    method: str
    chat: int | None
    text: str
    times: int
    retry_after: int
    seconds: float
    description: str | None

    def error(self) -> ApiError | None:
        """Return the error response; None for the kinds that act on the connection."""
        if self.kind == "429":
            return too_many(self.retry_after)
        if self.kind in _WORDS:
            return ApiError(int(self.kind), self.description or _WORDS[self.kind])
        return None


class Faults:
    """The orders that are still to strike, oldest first.

    `struck` has the id of an order -> the chat of the latest call that it hit (0: the call names none), for
    the last 100 orders that hit a call.
    """

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._last_id = 0
        self.struck: dict[int, int] = {}

    def order(self, body: Mapping[str, Any]) -> int:
        """Take an order as POST /control/faults describes it; return its id.

        Raises:
            ValueError: The order is wrong.
        """
        kind = str(body.get("kind", ""))
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        times = int(body.get("times", 1))
        if times < 1:
            raise ValueError("times must be at least 1")
        chat = body.get("chat")
        self._last_id += 1
        self._orders.append(
            Fault(
                id=self._last_id,
                kind=kind,
                method=str(body.get("method", "*")).lower(),
                chat=None if chat is None else int(chat),
                text=str(body.get("text", "")),
                times=times,
                retry_after=int(body.get("retry_after", 3)),
                # By default a dropped response is dropped at once; a delay needs a length.
                seconds=float(body.get("seconds", 0 if kind == "drop_answer" else 2)),
                description=body.get("description"),
            )
        )
        return self._last_id

    def ordered(self) -> list[dict[str, Any]]:
        """Return the orders that are still to strike, with the `times` that are left."""
        return [asdict(fault) for fault in self._orders]

    def clear(self) -> None:
        """Cancel all orders."""
        self._orders.clear()

    def hit(self, method: str, chat: int | None, text: str) -> Fault | None:
        """Return the fault that strikes this call and count it; None if there is none.

        Args:
            method: The method in lower case.
            chat: The call's chat.
            text: The call's text or caption.
        """
        for fault in self._orders:
            if fault.method not in ("*", method) or fault.chat not in (None, chat) or fault.text not in text:
                continue
            fault.times -= 1
            self.struck[fault.id] = chat or 0
            while len(self.struck) > _REMEMBERED:
                del self.struck[next(iter(self.struck))]
            if fault.times == 0:
                self._orders.remove(fault)
            return fault
        return None
