"""The bot's sign of life, with what it has seen since the last one."""

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
    """A thread announces the bot for as long as the block lasts."""
    owner, period_s = new_owner(), services.settings.heartbeat_s

    def beat() -> None:
        sign = Sign(owner, "bot", vitals=measure())
        services.workers.announce(sign, 3 * period_s, services.metrics)

    def leave() -> None:
        # Without Redis the entry lapses by itself.
        with suppress(LedgerUnavailable):
            services.workers.leave(owner, services.metrics)

    beating = Background("heartbeat", period_s, beat)
    try:
        yield
    finally:
        beating.close(_LEAVE_S)
        # A Redis that hangs must not hold up the exit.
        leaving = threading.Thread(target=leave, daemon=True)
        leaving.start()
        leaving.join(_LEAVE_S)
