"""The bot's heartbeat, which also writes the metrics of the time since the last beat."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bot.services import Services
from jobs.errors import LedgerUnavailable
from ledger.processes.background import Background
from ledger.processes.resource_usage import measure
from ledger.processes.workers import Sign, new_owner

_LEAVE_S = 0.5


@contextmanager
def alive(services: Services) -> Iterator[None]:
    """Announce the bot from a thread, every `heartbeat_s` seconds, for as long as the block lasts."""
    owner, period_s = new_owner(), services.settings.heartbeat_s

    def beat() -> None:
        sign = Sign(owner, "bot", vitals=measure())
        services.jobs.workers.announce(sign, 3 * period_s, services.metrics)

    def leave() -> None:
        # Without Redis the entry expires by itself.
        with suppress(LedgerUnavailable):
            services.jobs.workers.leave(owner, services.metrics)

    beating = Background("heartbeat", period_s, beat)
    try:
        yield
    finally:
        beating.close(_LEAVE_S)
        # A hanging Redis must not delay the exit.
        leaving = threading.Thread(target=leave, daemon=True)
        leaving.start()
        leaving.join(_LEAVE_S)
