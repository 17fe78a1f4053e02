"""The heartbeat of a worker process: it renews leases, announces the slots, and listens for wake-ups."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import redis

from config.settings import Settings
from jobs.errors import LedgerUnavailable
from ledger import keys
from ledger.jobs import Ledger
from ledger.processes.background import Background
from ledger.processes.metrics_buffer import MetricsBuffer
from ledger.processes.resource_usage import measure
from ledger.processes.workers import Sign, Workers
from tasks.slots import Slots


class Heartbeat:
    """Two background threads, which start at once: one renews and announces, one listens. The owner closes
    them."""

    def __init__(
        self,
        settings: Settings,
        client: "redis.Redis",
        ledger: Ledger,
        slots: Slots,
        sign: Sign,
        tally: MetricsBuffer,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._slots = slots
        self._workers = Workers(client)
        self._sign = sign
        self._tally = tally
        self._pubsub: Any = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self._threads = (
            Background("heartbeat", settings.heartbeat_s, self.beat),
            Background("wake-ups", 0.05, self.listen),
        )

    def beat(self) -> None:
        """Renew all leases in one call, announce this process, and write its metrics to Redis."""
        held = self._slots.tokens()
        if held:
            self._slots.renewed(held, self._ledger.renew(held))
        sign = replace(self._sign, busy=self._slots.busy(), vitals=measure())
        self._workers.announce(sign, 3 * self._settings.heartbeat_s, self._tally)

    def listen(self) -> None:
        """Pass wake-ups on to their slots. The next beat finds the news of a wake-up that was lost."""
        if not self._pubsub.subscribed:
            self._pubsub.subscribe(keys.wake(self._slots.owner))
        while message := self._pubsub.get_message(timeout=1.0):
            word, _, job_id = message["data"].partition(" ")
            self._slots.wake(job_id, cancel=word == "cancel")

    def close(self) -> None:
        """Stop both threads and remove this process from the register."""
        for thread in self._threads:
            thread.close()
        self._pubsub.close()
        # Without Redis the entry expires by itself, and the process has more to close.
        with suppress(LedgerUnavailable):
            self._workers.leave(self._slots.owner, self._tally)
