"""Periodic backups, for a container of their own: `python -m deploy.backup schedule --every 6h`."""

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
"""Delay before the retry of a backup that failed; the period, if that is shorter."""


def period(text: str) -> timedelta:
    """Return the period in a text: `30m`, `6h` or `1d`. Raises ValueError, which says what to write."""
    match = re.fullmatch(r"([1-9]\d{0,3})([mhd])", text)
    if not match:
        raise ValueError(f"{text!r} is no period: write 30m, 6h or 1d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def run(every: timedelta, last: Callable[[], datetime | None], make: Callable[[], object]) -> None:
    """Make a backup whenever the last one is a period old, until SIGTERM or SIGINT.

    The signals raise SystemExit; a backup that they cut off does not count. A restart of this process makes
    no backup of its own: the age of the last one decides. Errors are logged, and the loop goes on.

    Args:
        every: The period.
        last: Returns when the last backup was taken, None if there is none.
        make: Makes a backup.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        # No event is set: the handler interrupts this thread. If it holds the event's lock, it would hang.
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
