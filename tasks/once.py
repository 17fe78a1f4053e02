"""Sends that cannot be repeated without harm: a new message, at most once for the end of each job."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

from chat.errors import OutcomeUnknown
from chat.gateway import Gateway
from jobs.errors import DarkroomError, PassingError
from jobs.model import Job
from tasks import waits
from tasks.process import Process

log = structlog.get_logger(__name__)
_POSTING_S = 15.0
"""The bot may be posting the status message at this moment; after this long it has died over it."""
_FALLBACK = "fallback"

T = TypeVar("T")


class NotYet(PassingError):
    """The status message may still appear; come back in a moment."""


def send_once(process: Process, job: Job, send: Callable[[Gateway], Coroutine[Any, Any, T]]) -> T | None:
    """Send a new message at most once: after a crash or a lost answer nobody can tell whether it arrived.

    None where that is so. What Telegram has surely not done raises, and may be sent again.
    """
    if not may_send(process, job):
        log.warning("sent before, with unknown outcome")
        return None
    try:
        return process.chat.call(send)
    except OutcomeUnknown as error:
        log.warning("sent with unknown outcome", error=str(error))
        return None
    except DarkroomError:
        waits.ledger_back(process.settings.lease_s)(process.ledger.again, job.id, _FALLBACK)
        raise


def may_send(process: Process, job: Job) -> bool:
    """Whether the end may be sent as a new message; True once. NotYet while the bot may still post its own.

    Taking the mark of the status message keeps a bot that comes late from posting it beside the end.
    """

    def first(mark: str) -> bool:
        # An answer that is lost with Redis must not count as a message that was sent.
        patient = waits.ledger_back(process.settings.lease_s)
        return patient(process.ledger.once, job.id, mark, f"{job.owner} {job.token}")

    fresh = process.ledger.now() - job.stamps["accepted"] < _POSTING_S
    awaited = fresh and not job.message and not job.moved
    if not job.message and not first("status") and awaited:
        raise NotYet("the status message is being posted")
    return first(_FALLBACK)
