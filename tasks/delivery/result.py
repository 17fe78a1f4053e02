"""Giving a result to its chat: the file itself, or a link where the chat does not accept the file."""

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
    """Gives the ends of jobs to their chats."""

    catalogue: Catalogue
    links: Links
    attachments: Attachments
    chat: Chat
    messages: NewMessages

    def give_file(self, slot: Slot) -> tuple[Way, str]:
        """Give the file in the job's message, or in a new one.

        Returns:
            The way in which it was given, and its Telegram file id ("" = unknown).

        Raises:
            Refused: The chat accepts the file in no form.
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
        """Give a link in the job's message, or in a new one where that cannot be edited.

        Idempotent: giving the link again replaces the link in the message by a fresh one.

        Returns:
            False where there are no links.
        """
        view = endings.link(slot.job, self.catalogue, self.links)
        if view is None:
            return False
        self.say(slot, view)
        return True

    def say(self, slot: Slot, view: View) -> None:
        """Show a job's end as text in its message, or in a new one where that cannot be edited."""

        async def send(gateway: Gateway, mark: Mark) -> tuple[int, None]:
            return await gateway.post(slot.job.origin, view, mark), None

        self._put(slot, lambda gateway: gateway.show(slot.job, view), send)

    def _put(
        self,
        slot: Slot,
        edit: Callable[[Gateway], Coroutine[Any, Any, T]],
        send: Callable[[Gateway, Mark], Coroutine[Any, Any, tuple[int, T]]],
    ) -> tuple[Way, T | None]:
        """Edit the job's message to show its end: its own message, or one that is posted in its place.

        Both may be repeated after a crash. Where neither can be edited, the end is sent as a new message, at
        most once. A result from the cache has no status message and is sent in the same way: that takes one
        call, and a result that gets lost costs nothing to request again.

        Returns:
            The way, and what the call returned; None for the latter where nobody knows whether the end
            arrived.
        """
        ways = () if slot.job.cached and not slot.job.message else (Way.EDIT, Way.FALLBACK)
        for way in ways:
            try:
                return way, self.chat.call(edit)
            except MediaForbidden:
                raise  # the chat forbids the file in every message
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
        """Tell the chat that the job's end was sent and may not have arrived.

        That is so where a worker died while it sent the end, or Telegram's response was lost. The text is
        true in both cases and may be repeated. Raises PassingError where the text is to be sent later.
        """
        text = status.in_doubt(job, texts(job.origin.language))
        try:
            self.chat.call(lambda gateway: gateway.say(job.origin, text))
        except (OutcomeUnknown, Refused, Unreachable, ChatMoved) as error:
            log.warning("nobody knows whether the end arrived, and that was not said", reason=str(error))
