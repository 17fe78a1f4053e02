"""The number of commands to Redis for one update, as Redis itself sees them (MONITOR)."""

import threading
import time
from collections import Counter
from collections.abc import Callable

import httpx

from bench.intake.postman import update
from config.settings import Settings
from ledger.connection import connect

UPDATES = 20
_SETTLE_S = 2.0
"""Time (s) within which publishing, posting and recording are done after the last acknowledgement."""


def commands_of(settings: Settings, url: str, secret: str) -> dict[str, float]:
    """Return the commands that clients send for one request, by name.

    It counts until the job is queued and shown in its chat. Commands inside scripts need no round trip and do
    not count; a pipeline counts as its commands. The process's heartbeat and idle work are measured on a bot
    without updates and subtracted.
    """
    idle = _seen(settings, lambda: time.sleep(_SETTLE_S))
    began = time.monotonic()
    busy = _seen(settings, lambda: _post(url, secret))
    share = (time.monotonic() - began) / _SETTLE_S
    found = {name: round((times - idle[name] * share) / UPDATES, 2) for name, times in busy.items()}
    found = {name: each for name, each in sorted(found.items()) if each > 0.2}
    return {"total": round(sum(found.values()), 1), **found}


def _post(url: str, secret: str) -> None:
    with httpx.Client(trust_env=False, headers={"X-Telegram-Bot-Api-Secret-Token": secret}) as http:
        for number in range(UPDATES):
            http.post(url, json=update(9_000_000 + number, 0)).raise_for_status()
    time.sleep(_SETTLE_S)


def _seen(settings: Settings, during: Callable[[], None]) -> Counter[str]:
    counted: Counter[str] = Counter()
    over = "the look is over"
    with connect(settings.ledger_redis()) as client, client.monitor() as monitor:

        def watch() -> None:
            for command in monitor.listen():
                if command["command"].endswith(over):
                    return
                if command["client_type"] != "lua":
                    counted[command["command"].partition(" ")[0].upper()] += 1

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        during()
        client.echo(over)
        watching.join(10)
    return counted
