"""The task `broadcast`: write to the next batch of users. `ledger.admin.broadcasts` has the rules."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog
from celery import Task

import retries
from chat import announcement
from chat.errors import (
    ChatMoved,
    Dropped,
    MediaTooLarge,
    MessageGone,
    NotNow,
    OutcomeUnknown,
    Refused,
    Unreachable,
)
from chat.texts import texts
from jobs.errors import DarkroomError, LedgerUnavailable, PassingError
from ledger.admin.broadcasts import Phase, WriteOutcome
from tasks.app import app
from tasks.process import Process, current

log = structlog.get_logger(__name__)
BATCH = 20
"""Most users in one turn."""
_TURN_S = 5.0
"""No message to another user is begun after this much (s) of a turn."""
_PATIENT_S = 20.0
"""How long (s) passing errors with one user are waited out before the user is put back."""
_LONGEST_WAIT_S = 2.0
"""Longest pause (s) between two attempts. A turn that pauses for longer than a lease would count as dead."""
_SPARE = 8
"""Number of first attempts that are made only if the rate limits have a call to spare. Later attempts have
the urgency of a result."""
_FINAL = (Refused, ChatMoved, MessageGone, MediaTooLarge)


class Stopping(DarkroomError):
    """This process stops before another attempt. The user has not been written to."""


@app.task(name="broadcast", bind=True)
def broadcast(self: "Task[Any, Any]", broadcast_id: str, turn: int) -> None:
    """Write to the next users, and publish the next turn. If this turn breaks off, the periodic
    `tasks.handover.revive_broadcast` publishes the next one."""
    process = current(self.app)
    try:
        try:
            took_all = work(process, broadcast_id, turn)
        except Stopping:
            log.info("broadcast left to another worker")
            took_all = False
        show(process, (broadcast_id, turn), took_all=took_all)
        if took_all:
            process.records.broadcasts.done(broadcast_id)
        elif following := process.records.broadcasts.pass_on(broadcast_id, turn):
            process.publisher.publish_broadcast(broadcast_id, following)
    except PassingError as error:
        log.warning("broadcast put off", reason=str(error))
    except LedgerUnavailable as error:
        log.warning("ledger unavailable; the broadcast is resumed", error=str(error))


def work(process: Process, broadcast_id: str, turn: int) -> bool:
    """Write to a batch of users. Return whether all users of the broadcast have been taken."""
    found = process.records.broadcasts.get(broadcast_id)
    end = time.monotonic() + _TURN_S
    for _ in range(BATCH):
        if found is None or time.monotonic() > end or process.slots.draining:
            break
        user = process.records.broadcasts.take(broadcast_id, turn)
        if not user:
            return user == 0
        try:
            outcome = write_to(process, (broadcast_id, turn), user, found.text)
        except (PassingError, Stopping) as error:
            counts = not isinstance(error, NotNow | Stopping)
            if process.records.broadcasts.put_back(broadcast_id, turn, user, counts=counts):
                raise
            outcome = WriteOutcome.FAILED
        process.records.broadcasts.count(broadcast_id, outcome)
    return False


def write_to(process: Process, turn: tuple[str, int], user: int, text: str) -> WriteOutcome:
    """Write to one user. Raises PassingError or Stopping if nothing was sent."""
    attempts = 0

    def call() -> None:
        nonlocal attempts
        attempts += 1
        spare = attempts <= _SPARE
        process.delivery.chat.call(lambda gateway: announcement.send(gateway, user, text, spare=spare))

    try:
        patiently(process, turn, call)
    except Unreachable:
        process.records.people.unreachable(user)
        return WriteOutcome.UNREACHABLE
    except (OutcomeUnknown, TimeoutError, *_FINAL) as error:
        log.info("broadcast not sent to a user", error=type(error).__name__)
        return WriteOutcome.FAILED
    except (PassingError, Stopping, LedgerUnavailable):
        raise
    except Exception:
        log.exception("broadcast broken off for a user by an error of ours")
        return WriteOutcome.FAILED
    return WriteOutcome.SENT


def show(process: Process, turn: tuple[str, int], *, took_all: bool) -> None:
    """Show the admin how far the broadcast is. An error of ours here does not stop the broadcast."""
    try:
        _show(process, turn, took_all=took_all)
    except LedgerUnavailable:
        raise
    except Exception:
        log.exception("broadcast not shown by an error of ours")


def _show(process: Process, turn: tuple[str, int], *, took_all: bool) -> None:
    """Show the broadcast's state: by one call that may be lost while it runs, with retries at its end."""
    found = process.records.broadcasts.get(turn[0])
    if found is None:
        return
    if took_all:
        found = replace(found, phase=Phase.DONE)
    view = announcement.state(found, texts(found.language))
    if found.phase is Phase.RUNNING:
        process.delivery.chat.post(lambda gateway: announcement.show(gateway, found, view, progress=True))
        return

    def call() -> None:
        process.delivery.chat.call(lambda gateway: announcement.show(gateway, found, view))

    try:
        patiently(process, turn, call)
    except (PassingError, Stopping, Unreachable, TimeoutError, *_FINAL) as error:
        log.info("the end of the broadcast was not shown", error=repr(error))


def patiently(process: Process, turn: tuple[str, int], call: Callable[[], None]) -> None:
    """Retry a call that is dropped or meets a passing error, for up to `_PATIENT_S`.

    Raises:
        PassingError: The call still failed at the end.
        Stopping: This process stops.
    """

    def sleep(seconds: float) -> None:
        if process.slots.draining:
            raise Stopping
        process.records.broadcasts.keep(*turn)
        time.sleep(seconds)

    try:
        retries.passing_within(_PATIENT_S, sleep, _LONGEST_WAIT_S, also=(Dropped,))(call)
    except Dropped as error:
        raise NotNow(str(error)) from error
