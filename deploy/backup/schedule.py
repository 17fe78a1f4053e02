"""Backups in a rhythm, for a container of their own: `python -m deploy.backup schedule --every 6h`."""

import re
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

log = structlog.get_logger(__name__)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_AGAIN = timedelta(minutes=5)
"""A backup that has failed is tried again after this long, or after the period where that is shorter."""


def period(text: str) -> timedelta:
    """`30m`, `6h` or `1d`; raises ValueError with a sentence."""
    match = re.fullmatch(r"([1-9]\d{0,3})([mhd])", text)
    if not match:
        raise ValueError(f"{text!r} is no period: write 30m, 6h or 1d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def run(every: timedelta, last: Callable[[], datetime | None], make: Callable[[], object]) -> None:
    """Call `make` whenever the `last` backup is a period old, until SIGTERM or SIGINT, which raise SystemExit
    (a backup that is cut off does not count); a restart of this process makes none of its own. What either
    raises is logged, and it goes on."""
    for number in (signal.SIGTERM, signal.SIGINT):
        # Setting an event could wait for ever for the lock of this very thread, which waits for the event.
        signal.signal(number, lambda *_: sys.exit(0))
    wait = 0.0
    while True:
        time.sleep(wait)
        try:
            before = last()
            due = before + every if before else datetime.now(UTC)
            if (left := (due - datetime.now(UTC)).total_seconds()) > 0:
                log.info("next backup", at=due.isoformat(timespec="seconds"))
                wait = left
                continue
            make()
            wait = 0.0
        except Exception:
            wait = min(_AGAIN, every).total_seconds()
            log.exception("backup failed", again_in_s=wait)
