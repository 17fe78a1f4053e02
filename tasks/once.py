"""Sends that cannot be repeated without harm: a new message, at most once for the end of each job."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

from chat.errors import NotNow, OutcomeUnknown, SentBefore
from chat.gateway import Gateway
from chat.sending import Mark
from jobs.ledger import Anew
from jobs.model import Job
from tasks import waits
from tasks.process import Process

log = structlog.get_logger(__name__)
_POSTING_S = 15.0
"""The bot may be posting the status message at this moment; this long after it began to, it has died."""

T = TypeVar("T")


class NotYet(NotNow):
    """The status message has appeared, or still may; come back in a moment."""


def send_once(
    process: Process, job: Job, send: Callable[[Gateway, Mark], Coroutine[Any, Any, T]]
) -> T | None:
    """Send a new message at most once: after a crash or a lost answer nobody can tell whether it arrived.

    None where that is so, which the caller tells the chat. What Telegram has surely not done raises, and may
    be sent again; so does NotYet.
    """
    mark = _End(process, job)
    try:
        return process.chat.call(lambda gateway: send(gateway, mark))
    except SentBefore:
        log.warning("sent before, with unknown outcome")
    except OutcomeUnknown as error:
        log.warning("sent with unknown outcome", error=str(error))
    return None


class _End:
    """The mark of a job's end as a new message, in the ledger."""

    def __init__(self, process: Process, job: Job) -> None:
        self._ledger = process.ledger
        self._job = job
        # An answer that is lost with Redis must not count as a message that was sent.
        self._patience_s = process.settings.lease_s

    def take(self) -> bool:
        """Whether it may be sent. Raises NotYet while the bot may still post its own message, and where it
        has: the next attempt edits that one."""
        caller = f"{self._job.owner} {self._job.token}"
        answer = waits.ledger_back(self._patience_s)(self._ledger.anew, self._job, caller, _POSTING_S)
        if answer in (Anew.WAIT, Anew.APPEARED):
            raise NotYet(f"the status message: {answer}")
        return bool(answer is Anew.SEND)

    def give_back(self) -> None:
        """It has surely not been sent."""
        waits.ledger_back(self._patience_s)(self._ledger.again, self._job.id, "fallback")
