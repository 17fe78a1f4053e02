"""New messages for the end of a job whose own message cannot become it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import structlog

import retries
from chat import status
from chat.errors import NotNow, OutcomeUnknown, Refused, SentBefore, Unreachable
from chat.gateway import Gateway
from chat.sending import Mark
from chat.texts import texts
from jobs.errors import PassingError
from jobs.model import Job
from ledger.jobs import Anew, Ledger
from tasks.delivery.gateway_thread import Chat

log = structlog.get_logger(__name__)
_POSTING_S = 15.0
"""The bot may be posting the status message at this moment; this long after it began to, it has died."""
_END = ("fallback",)
_PLACES = ("place:1", "place:2", "place:3")
"""Marks in the ledger: the end is sent once, and so many messages at most are posted to be turned into it."""

T = TypeVar("T")


class NotYet(NotNow):
    """The status message has appeared, or still may; come back in a moment."""


@dataclass(frozen=True, slots=True)
class NewMessages:
    """Posts them, and remembers in the ledger that it did.

    `patience_s`: for so long a ledger that is away is waited for. An answer that is lost with Redis must not
    count as a message that was sent.
    """

    ledger: Ledger
    chat: Chat
    patience_s: float

    def post(self, job: Job) -> Job | None:
        """Give the job a new message in place of its own; None where the chat takes no words, or had several.

        It says no more than the job's state. A worker may die over it, or its answer be lost: it is posted
        again then, and the one that is left over says nothing wrong, while the end stands in one message
        alone. Raises PassingError where that comes later.
        """
        view = status.announcement(job, texts(job.origin.language))
        mark = _Mark(self, job, _PLACES)
        try:
            message = self.chat.call(lambda gateway: gateway.post(job.origin, view, mark))
        except SentBefore:
            return None
        except OutcomeUnknown as error:
            raise PassingError(f"nobody knows whether the new message was posted: {error}") from error
        except (Refused, Unreachable) as error:
            log.info("no message for the end", reason=str(error))
            return None
        return self.lives_in(job, message)

    def send_once(self, job: Job, send: Callable[[Gateway, Mark], Coroutine[Any, Any, T]]) -> T | None:
        """Send the end itself as a new message, at most once: after a crash or a lost answer nobody can tell
        whether it arrived.

        None where that is so, which the caller tells the chat. What Telegram has surely not done raises, and
        may be sent again; so does NotYet.
        """
        mark = _Mark(self, job, _END)
        try:
            return self.chat.call(lambda gateway: send(gateway, mark))
        except SentBefore:
            log.warning("sent before, with unknown outcome")
        except OutcomeUnknown as error:
            log.warning("sent with unknown outcome", error=str(error))
        return None

    def lives_in(self, job: Job, message: int) -> Job:
        """Return the job with a new message as its own; the former one does not stay beside it."""
        self.retract(job)
        self.ledger.sent_anew(job, message)
        return replace(job, message=message)

    def retract(self, job: Job) -> None:
        """Take away a message that an end did not fit into; it stays where that fails."""
        if not job.message:
            return
        try:
            self.chat.call(lambda gateway: gateway.remove(job))
        except Exception as error:  # whatever it is, the end counts
            log.warning("status message not removed", error=repr(error))


class _Mark:
    """One of several marks in the ledger that a new message may be sent, once for each of them."""

    def __init__(self, messages: NewMessages, job: Job, marks: tuple[str, ...]) -> None:
        self._ledger = messages.ledger
        self._job = job
        self._marks = marks
        self._taken = ""
        self._patience_s = messages.patience_s

    def take(self) -> bool:
        """Whether it may be sent. Raises NotYet while the bot may still post its own message, and where it
        has: the next attempt edits that one."""
        caller = f"{self._job.owner} {self._job.token}"
        back = retries.ledger_back(self._patience_s)
        answer, self._taken = back(self._ledger.anew, self._job, caller, _POSTING_S, self._marks)
        if answer in (Anew.WAIT, Anew.APPEARED):
            raise NotYet(f"the status message: {answer}")
        return bool(answer is Anew.SEND)

    def give_back(self) -> None:
        """It has surely not been sent."""
        retries.ledger_back(self._patience_s)(self._ledger.again, self._job.id, self._taken)
