"""Giving a result to its chat: the file itself, or a link to one that the chat cannot be given."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from chat import status
from chat.errors import ChatMoved, MediaForbidden, MessageGone, OutcomeUnknown, Refused, Unreachable
from chat.gateway import Gateway
from chat.sending import Mark
from chat.status import View
from chat.texts import texts
from config.catalogue import Catalogue
from jobs.model import Job
from ledger.jobs import Way
from media.links import Links
from tasks.delivery import endings
from tasks.delivery.attachment import Attachments
from tasks.delivery.gateway_thread import Chat
from tasks.delivery.new_message import NewMessages
from tasks.slots import Slot

log = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Results:
    """Gives ends of jobs to their chats. Fields: what of its process it needs."""

    catalogue: Catalogue
    links: Links
    attachments: Attachments
    chat: Chat
    messages: NewMessages

    def give_file(self, slot: Slot) -> tuple[Way, str]:
        """Give the file in the job's message, or in a new one; return which, and Telegram's name for it ("":
        unknown).

        Raises Refused where the chat takes it in no form.
        """
        job = slot.job
        model = endings.model_of(job, self.catalogue)
        view = status.result(job, model, self.catalogue.animator(), texts(job.origin.language))
        media = self.attachments.of(job)
        way, file_id = self._put(
            slot,
            lambda gateway: gateway.give(slot.job, view, media),
            lambda gateway, mark: gateway.send(slot.job, view, media, mark),
        )
        return way, file_id or ""

    def give_link(self, slot: Slot) -> bool:
        """Give a link in the job's message, or in a new one where that will not do; False: there are no
        links.

        Idempotent: giving it again makes the message's link a fresh one.
        """
        view = endings.link(slot.job, self.catalogue, self.links)
        if view is None:
            return False
        self.say(slot, view)
        return True

    def say(self, slot: Slot, view: View) -> None:
        """Show a job's end in words in its message; in a new one where that will not do."""

        async def send(gateway: Gateway, mark: Mark) -> tuple[int, None]:
            return await gateway.post(slot.job.origin, view, mark), None

        self._put(slot, lambda gateway: gateway.show(slot.job, view), send)

    def _put(
        self,
        slot: Slot,
        edit: Callable[[Gateway], Coroutine[Any, Any, T]],
        send: Callable[[Gateway, Mark], Coroutine[Any, Any, tuple[int, T]]],
    ) -> tuple[Way, T | None]:
        """Turn the job's message into its end: its own, or one that is posted in its place. Both may be
        repeated after a crash. Where neither will do the end is sent by itself, at most once; so is a result
        from the cache, which has no status message: one call does then, and it costs nothing to ask for it
        again.

        Return the way, and what the call has told; None where nobody knows whether the end arrived.
        """
        ways = () if slot.job.cached and not slot.job.message else (Way.EDIT, Way.FALLBACK)
        for way in ways:
            try:
                return way, self.chat.call(edit)
            except MediaForbidden:
                raise  # in another message it would be as well
            except (MessageGone, Refused) as error:
                log.info("the message cannot become the end", reason=str(error))
            job = self.messages.post(slot.job) if way is Way.EDIT else None
            if job is None:
                break
            slot.job = job
        return Way.FALLBACK, self._send(slot, send)

    def _send(
        self, slot: Slot, send: Callable[[Gateway, Mark], Coroutine[Any, Any, tuple[int, T]]]
    ) -> T | None:
        sent = self.messages.send_once(slot.job, send)
        if sent is None:
            self.messages.retract(slot.job)
            self._say_in_doubt(slot.job)
            return None
        message, told = sent
        slot.job = self.messages.lives_in(slot.job, message)
        return told

    def _say_in_doubt(self, job: Job) -> None:
        """The job's end was sent, and may not have arrived: a worker died over it, or the answer was lost.
        Words that go with either may be said again. Raises PassingError where they are to be said later."""
        text = status.in_doubt(job, texts(job.origin.language))
        try:
            self.chat.call(lambda gateway: gateway.say(job.origin, text))
        except (OutcomeUnknown, Refused, Unreachable, ChatMoved) as error:
            log.warning("nobody knows whether the end arrived, and that was not said", reason=str(error))
