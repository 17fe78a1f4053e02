"""Who watches the watchers: the exporter misses Prometheus and Alertmanager, and tells the chat itself.

Prometheus has an alert that always fires, and Alertmanager passes it on to the exporter every half minute.
When it stops coming, one of the two is down or cannot reach the other, and no alert would reach anybody.
"""

import asyncio
import math
import time
from collections.abc import Callable
from datetime import timedelta

import redis
import structlog

from chat.gateway import Gateway
from chat.limiter import SharedLimiter
from config.settings import Settings
from jobs.errors import DarkroomError
from jobs.model import Origin
from ledger import clock, keys
from ledger.queues.deduplication import Deduplication
from ledger.scripts import ledger_errors

log = structlog.get_logger(__name__)
_AGAIN_S = 3600
"""The chat is told again after this long."""
_SILENT = ("watchdog", "silent")


class Deadman:
    """Several exporters share what they hear in Redis, and one of them tells; without Redis each tells."""

    def __init__(
        self,
        settings: Settings,
        client: "redis.Redis",
        chat: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`monotonic` measures what this exporter hears itself. What others hear goes by the ledger's."""
        self._settings = settings
        self._redis = client
        self._marks = Deduplication(client)
        self._chat = chat
        self._clock = monotonic
        self._heard = monotonic()
        self._told: float | None = None

    def heard(self) -> None:
        """The alert that always fires has come."""
        self._heard = self._clock()
        try:
            with ledger_errors():
                self._redis.set(keys.watchdog(), clock.ask(self._redis))
        except DarkroomError as error:
            log.warning("not shared with other exporters", error=str(error))

    def round(self) -> None:
        """Look, and tell the chat where something has changed; called again and again."""
        silent_s = min(self._clock() - self._heard, self._silent_elsewhere())
        if silent_s > self._settings.watchdog_s:
            if self._first():
                self._cry(timedelta(seconds=round(silent_s)))
        elif self._over():
            self._say("🟢 Resolved: Prometheus and Alertmanager work again.\nMonitoringDown")

    def _cry(self, silent: timedelta) -> None:
        try:
            self._say(
                f"🔴 Prometheus or Alertmanager is down: nothing was heard of them for {silent}, and no "
                "alert can reach you.\nMonitoringDown · docs/alerts.md#monitoringdown"
            )
        except BaseException:
            self._over()  # not told, so to be told again
            raise

    def _silent_elsewhere(self) -> float:
        """Seconds since any exporter heard of them, infinite where none has."""
        try:
            with ledger_errors():
                found = self._redis.get(keys.watchdog())
                return max(0.0, clock.ask(self._redis) - float(str(found))) if found else math.inf
        except DarkroomError:
            return math.inf

    def _first(self) -> bool:
        """Whether it is on this exporter, and time, to tell."""
        try:
            mine = self._marks.first(*_SILENT, _AGAIN_S)
        except DarkroomError:
            mine = self._told is None or self._clock() - self._told > _AGAIN_S
        if mine:
            self._told = self._clock()
        return mine

    def _over(self) -> bool:
        """Whether the chat was told of a silence that has ended."""
        told, self._told = self._told is not None, None
        try:
            return self._marks.clear(*_SILENT)
        except DarkroomError:
            return told

    def _say(self, text: str) -> None:
        log.warning("told the chat", text=text)
        asyncio.run(_send(self._settings, self._chat, text))


async def _send(settings: Settings, chat: int, text: str) -> None:
    async with Gateway(settings, SharedLimiter(settings)) as gateway:
        await gateway.say(Origin(user=chat, chat=chat, reply_to=0), text)
