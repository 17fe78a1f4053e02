"""The stack for faults that come from outside: nobody waits for clocks here, and nothing is limited."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from acceptance.person import Message, Person

from config.settings import ROOT
from ledger import keys
from ledger.admin.vips import Vips
from ledger.connection import connect
from sandbox.stack import Stack
from stand.telegram.client import StandError

QUICK = {
    "LEASE_S": "1.5",
    "HEARTBEAT_S": "0.4",
    "SWEEP_S": "0.2",
    "UNPUBLISHED_S": "0.5",
    "REQUEUE_S": "3",
    "UNKNOWN_GRACE_S": "4",
    "POLL_FIRST_S": "0.2",
    "POLL_MAX_S": "0.5",
    "READY_AFTER_S": "100",
    "ACTIVE_JOBS": "1000",
    "LANE_BACKLOG": "1000",
    "USER_RATE_LIMIT": "1000/s",
    "REFUSED_RATE_LIMIT": "1000/s",
    "TELEGRAM_RATE_PER_S": "1000",
    "TELEGRAM_CHAT_RATE_PER_S": "1000",
    "TELEGRAM_GROUP_RATE_PER_MIN": "60000",
    "REPLICATE_CREATES_PER_MIN": "1000000",
    "REPLICATE_CALLS_PER_MIN": "1000000",
    "LOG_FORMAT": "json",
}
PROVIDER = (
    *("--latency", "image=0.1,video=0.1", "--sigma", "0", "--image-size", "128", "--fast-media"),
    *("--creates-per-min", "1000000"),
)
GONE = "the button is gone"
PROCESSES = ("bot", "worker-image", "deliver")


@contextmanager
def staged(
    processes: Sequence[str] = PROCESSES,
    settings: Mapping[str, str] | None = None,
    provider: Sequence[str] = (),
    telegram: Sequence[str] = (),
) -> Iterator[Stack]:
    """A stack of these processes, its settings laid over QUICK."""
    with Stack(processes, QUICK | dict(settings or {}), (*PROVIDER, *provider), telegram) as stack:
        stack.telegram.limits(enabled=False)
        stack.provider.settings(others_per_min=1_000_000)
        yield stack


def backup(stack: Stack, *command: str, code: int = 0) -> str:
    """Run `python -m deploy.backup` as an operator does; answers what it prints."""
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.backup", *command],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == code, ended.stderr
    return ended.stdout + ended.stderr


def make_vip(person: Person) -> None:
    """As an admin would, until the end of tomorrow."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    with connect(person.stack.settings.ledger_redis()) as client:
        Vips(client).grant(person.id, tomorrow, by=1)


def press_if_there(person: Person, message: Message, button: str) -> str:
    """Press a button; what the press was answered, GONE where the message no longer has it."""
    try:
        return person.press(message, button)["text"] or ""
    except StandError as error:
        if error.status != 404:
            raise
        return GONE


def forget_durations(stack: Stack) -> None:
    """Have the workers plan their looks as for new models: what a test has held took as long as the test."""
    with connect(stack.settings.ledger_redis()) as client:
        for key in client.scan_iter(keys.durations("*")):
            client.delete(key)


def calm(stack: Stack) -> None:
    """Call off what a test has ordered of the two stands."""
    stack.telegram.clear_faults()
    stack.provider.clear_faults()
    stack.provider.release()
