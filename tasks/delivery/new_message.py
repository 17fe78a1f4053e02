"""New messages for the end of a job whose own message cannot be edited to show it."""

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
"""A bot that posts a status message is taken for dead this long (s) after it began to."""
_END = ("fallback",)
_PLACES = ("place:1", "place:2", "place:3")
"""Marks in the ledger that each allow one message. `_END` allows one that is the end itself; `_PLACES` allow
messages that are posted first and then edited to show the end."""

T = TypeVar("T")


class NotYet(NotNow):
    """The status message has appeared, or still may appear. The delivery is to be tried again shortly."""


@dataclass(frozen=True, slots=True)
class NewMessages:
    """Sends new messages, and records in the ledger that they were sent.

    `patience_s` is how long to wait for a ledger that is away (s). Without the wait, a response that was lost
    with Redis would count as a message that was sent.
    """

    ledger: Ledger
    chat: Chat
    patience_s: float

    def post(self, job: Job) -> Job | None:
        """Post a message that takes the place of the job's own, and return the job with it.

        The message shows only the job's state. If a worker dies while it posts, or Telegram's response is
        lost, another one is posted. The message that is left over then says nothing wrong, and only one
        message shows the end.

        Returns:
            None where the chat accepts no text, or has been sent as many messages as are allowed.

        Raises:
            PassingError: The message is to be posted later.
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
        """Send the end itself as a new message, at most once.

        Returns:
            What `send` returned. None where nobody knows whether the message arrived, after a crash or a lost
            response: the caller tells the chat so.

        Raises:
            NotYet: The status message may still appear.
            DarkroomError: Telegram has surely not sent the message, so that it may be sent again.
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
        """Remove the job's message, record `message` in its place, and return the job with it."""
        self.retract(job)
        self.ledger.sent_anew(job, message)
        return replace(job, message=message)

    def retract(self, job: Job) -> None:
        """Remove the job's message, which could not become its end. A failure is only logged."""
        if not job.message:
            return
        try:
            self.chat.call(lambda gateway: gateway.remove(job))
        except Exception as error:  # the end must reach the chat in spite of any failure here
            log.warning("status message not removed", error=repr(error))


class _Mark:
    """Takes the first free mark of several in the ledger. Each mark allows one new message."""

    def __init__(self, messages: NewMessages, job: Job, marks: tuple[str, ...]) -> None:
        self._ledger = messages.ledger
        self._job = job
        self._marks = marks
        self._taken = ""
        self._patience_s = messages.patience_s

    def take(self) -> bool:
        """Return whether the message may be sent.

        Raises:
            NotYet: The bot has posted the status message after all, and the next attempt edits that one; or
                the bot may still post it.
        """
        caller = f"{self._job.owner} {self._job.token}"
        back = retries.ledger_back(self._patience_s)
        answer, self._taken = back(self._ledger.anew, self._job, caller, _POSTING_S, self._marks)
        if answer in (Anew.WAIT, Anew.APPEARED):
            raise NotYet(f"the status message: {answer}")
        return bool(answer is Anew.SEND)

    def give_back(self) -> None:
        """Free the mark, as the message has surely not been sent."""
        retries.ledger_back(self._patience_s)(self._ledger.again, self._job.id, self._taken)
