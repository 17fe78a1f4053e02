"""A dead man's switch: the exporter watches Prometheus and Alertmanager, and tells the chat if they fail.

Prometheus has an alert that always fires, and Alertmanager passes it on to the exporter every half minute.
When it stops coming, one of the two is down or cannot reach the other, and no alert would reach the chat.
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
"""Seconds after which the chat is told of the same silence again."""
_SILENT = ("watchdog", "silent")


class Deadman:
    """Watches for the alert that always fires.

    Several exporters share in Redis when they received it last, and one of them tells the chat. Without Redis
    each exporter tells the chat.
    """

    def __init__(
        self,
        settings: Settings,
        client: "redis.Redis",
        chat: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to watch.

        Args:
            settings: WATCHDOG_S is the silence after which the chat is told.
            client: The ledger's Redis.
            chat: The chat for alerts.
            monotonic: The clock for what this exporter receives. Other exporters go by the ledger's clock.
        """
        self._settings = settings
        self._redis = client
        self._marks = Deduplication(client)
        self._chat = chat
        self._clock = monotonic
        self._heard = monotonic()
        self._told: float | None = None

    def heard(self) -> None:
        """Record that the alert that always fires has arrived."""
        self._heard = self._clock()
        try:
            with ledger_errors():
                self._redis.set(keys.watchdog(), clock.ask(self._redis))
        except DarkroomError as error:
            log.warning("not shared with other exporters", error=str(error))

    def round(self) -> None:
        """Check once, and tell the chat of a silence or its end. Called again and again."""
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
            self._over()  # the chat was not told, so the next round tries again
            raise

    def _silent_elsewhere(self) -> float:
        """Return the seconds since any exporter received the alert, infinity if none has."""
        try:
            with ledger_errors():
                found = self._redis.get(keys.watchdog())
                return max(0.0, clock.ask(self._redis) - float(str(found))) if found else math.inf
        except DarkroomError:
            return math.inf

    def _first(self) -> bool:
        """Return whether this exporter is the one to tell the chat, and it is time to."""
        try:
            mine = self._marks.first(*_SILENT, _AGAIN_S)
        except DarkroomError:
            mine = self._told is None or self._clock() - self._told > _AGAIN_S
        if mine:
            self._told = self._clock()
        return mine

    def _over(self) -> bool:
        """Forget the silence. Return True, to one exporter only, if the chat was told of it."""
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
