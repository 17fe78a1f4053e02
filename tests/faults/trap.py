"""Traps for requests on their way through a proxy: a fault strikes at the very call that it is meant for."""

import re
import threading
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .proxy import Proxy


class Deed(StrEnum):
    """What a trap does with the connection whose request it meets."""

    HOLD = "hold"  # this request and all after it wait; answers pass
    HOLD_ANSWER = "hold_answer"  # the request passes; nothing comes back
    LOSE_ANSWER = "lose_answer"  # the request passes; when the answer comes, both ends are reset
    RESET = "reset"  # the request is not passed on, both ends are reset


class Trap:
    """Waits for requests that match a regular expression.

    One trap may stand in several proxies: it strikes `times` in all of them together, and `struck` are the
    proxies in which it has, in order.
    """

    def __init__(self, pattern: bytes, deed: Deed = Deed.HOLD, times: int = 1) -> None:
        self.deed = deed
        self.struck: list[Proxy] = []
        self._pattern = re.compile(pattern)
        self._left = times
        self._changed = threading.Condition()

    def meets(self, before: bytes, chunk: bytes, proxy: "Proxy") -> bool:
        """Whether it strikes in this chunk (`before` came in front of it), which counts."""
        found = self._pattern.finditer(before + chunk)
        if not any(match.end() > len(before) for match in found):
            return False
        with self._changed:
            if self._left == 0:
                return False
            self._left -= 1
            self.struck.append(proxy)
            self._changed.notify_all()
        return True

    def wait(self, within_s: float = 15.0, times: int = 1) -> "Proxy":
        """Wait until it has struck so often; the proxy of the last strike. TimeoutError after `within_s`."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.struck) >= times, within_s):
                raise TimeoutError(f"{self._pattern.pattern!r} was met {len(self.struck)} times")
            return self.struck[-1]


def word(text: str) -> bytes:
    """The pattern of a command to Redis that has just this argument: `word("LPUSH")`, `word("delivered")`."""
    return rb"\r\n" + re.escape(text.encode()) + rb"\r\n"
