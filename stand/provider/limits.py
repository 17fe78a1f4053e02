"""Replicate's limits for each account: calls per minute, and predictions at a time."""

import asyncio
import collections
import contextlib
import time
from collections.abc import AsyncIterator

from stand.provider.http.errors import throttled
from stand.provider.settings import Settings

MINUTE = 60.0


class CallLimits:
    """A window of one minute per account and kind of call; it begins with its first call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._windows: dict[tuple[str, bool], tuple[float, int]] = {}

    def take(self, account: str, *, create: bool) -> dict[str, str]:
        """Count a call and return the headers that tell the account what is left.

        Raises:
            Problem: 429 with the seconds until the window ends.
        """
        limit = self._settings.creates_per_min if create else self._settings.others_per_min
        now = time.monotonic()
        began, used = self._windows.get((account, create), (now, 0))
        if now - began >= MINUTE:
            began, used = now, 0
        left = MINUTE - (now - began)
        if used >= limit:
            raise throttled(left)
        self._windows[(account, create)] = (began, used + 1)
        return {"ratelimit-remaining": str(limit - used - 1), "ratelimit-reset": str(max(1, round(left)))}

    def forget(self) -> None:
        """Start every window again."""
        self._windows.clear()


class Places:
    """Limits the running predictions of an account.

    There are at most `settings.concurrency` (0: any); the rest wait in order.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._taken: collections.Counter[str] = collections.Counter()
        self._lines: dict[str, collections.deque[asyncio.Future[None]]] = {}

    def _free(self, account: str) -> bool:
        return not self._settings.concurrency or self._taken[account] < self._settings.concurrency

    @contextlib.asynccontextmanager
    async def place(self, account: str) -> AsyncIterator[None]:
        """Hold a place; wait in order until one is free."""
        line = self._lines.setdefault(account, collections.deque())
        if line or not self._free(account):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            line.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._give_back(account)
                else:
                    with contextlib.suppress(ValueError):
                        line.remove(turn)
                raise
        else:
            self._taken[account] += 1
        try:
            yield
        finally:
            self._give_back(account)

    def _give_back(self, account: str) -> None:
        self._taken[account] -= 1
        self.admit(account)

    def admit(self, account: str | None = None) -> None:
        """Admit waiting predictions as far as there is room: a place became free, or the limit changed."""
        for name in [account] if account is not None else list(self._lines):
            line = self._lines.get(name)
            while line and self._free(name):
                turn = line.popleft()
                if not turn.done():
                    self._taken[name] += 1
                    turn.set_result(None)
