"""The task `deliver`: the chat is given the end of a job, once.

The result is an edit of the job's status message, which may be repeated without harm. Where that message
is gone the result is sent as a new one: at most once, so an answer that was lost counts as delivered.
"""

import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import structlog
from celery import Task

from chat import status
from chat.errors import ChatMoved, MediaTooLarge, MessageGone, OutcomeUnknown, Refused, Unreachable
from chat.gateway import Gateway
from chat.media import Known, Upload
from chat.texts import texts
from jobs.admission import Hit
from jobs.errors import DarkroomError, IllegalMove, LeaseLost, LedgerUnavailable, PassingError
from jobs.failures import Failure
from jobs.ledger import Stage, Way
from jobs.model import Artifact, Job
from jobs.states import State
from tasks import waits
from tasks.app import app
from tasks.process import Process, current
from tasks.slots import IDLE, HandOver, Slot

log = structlog.get_logger(__name__)
_POSTING_S = 15.0
"""The bot may be posting the status message at this moment; after this long it has died over it."""
_GIVE_UP_S = 3600.0
"""A chat that Telegram has not let us write to for this long counts as unreachable."""
_FALLBACK = "fallback"

T = TypeVar("T")


class NotYet(PassingError):
    """The status message may still appear; come back in a moment."""


@app.task(name="deliver", bind=True)
def deliver(self: "Task[Any, Any]", job_id: str) -> str:
    """Tell the chat how a job ended. What fails for now is handed back, and the sweep tries again."""
    process = current(self.app)
    with process.slots.hold(job_id, Stage.DELIVER) as slot:
        if slot is None:
            return IDLE
        try:
            tell(process, slot)
        except HandOver:
            process.hand_over(slot.job)
        except (PassingError, TimeoutError, OSError) as error:
            advice = getattr(error, "retry_after", None)
            log.info("delivery put off", reason=str(error), retry_after=advice)
            process.put_off(slot.job, advice or 1.0)
        except (LeaseLost, IllegalMove) as error:
            log.warning("delivery left to another worker", reason=str(error))
        except LedgerUnavailable as error:
            log.warning("ledger unavailable; the delivery is resumed", error=str(error))
        return slot.account()


def tell(process: Process, slot: Slot) -> None:
    """Give the result, or say why there is none; follow a group that moved, once."""
    if slot.job.state is State.DELIVERING and slot.job.crashes > process.settings.max_crashes:
        fail(process, slot, Failure.CRASHED)
        return
    give = give_result if slot.job.state is State.DELIVERING else say_end
    try:
        try:
            give(process, slot)
        except ChatMoved as moved:
            follow(process, slot, moved.new_chat_id)
            give(process, slot)
    except (Unreachable, Refused, ChatMoved) as error:
        lose(process, slot, str(error))
    except PassingError:
        if time.time() - slot.job.stamps["accepted"] > _GIVE_UP_S + process.model_of(slot.job).deadline_s:
            lose(process, slot, "put off for too long")
            return
        raise


def follow(process: Process, slot: Slot, chat: int) -> None:
    """The group has a new id. A message's id of the old one may be another message's there."""
    process.ledger.note(slot.job, chat=chat, message=0, reply_to=0, thread=0, moved=1)
    origin = replace(slot.job.origin, chat=chat, reply_to=0, thread=0)
    slot.job = replace(slot.job, origin=origin, message=0, moved=True)


def give_result(process: Process, slot: Slot) -> None:
    """Turn the status message into the result; send it anew where that message is gone."""
    job = slot.job
    model = process.model_of(job)
    view = status.result(job, model, process.catalogue.animator(), texts(job.origin.language))
    media = content(process, job)
    try:
        try:
            way, file_id = Way.EDIT, process.chat.call(lambda gateway: gateway.give(job, view, media))
        except MessageGone:
            way, file_id = Way.FALLBACK, send_result(process, job, view, media)
    except MediaTooLarge:
        fail(process, slot, Failure.TOO_LARGE)
        return
    slot.job = process.ledger.delivered(slot.job, file_id, way)
    if file_id and job.artifact and not job.cached:
        process.cache.put(job.digest, Hit(job.artifact, file_id))
    log.info("delivered", seconds=slot.job.seconds("accepted", "delivered"))
    ring(process, slot.job)


def send_result(process: Process, job: Job, view: status.View, media: Upload | Known) -> str:
    """The fallback: the result in a message of its own. Answers Telegram's name for it, where it is known."""
    sent = send_once(process, job, lambda gateway: gateway.send(job, view, media))
    if sent is None:
        return ""
    message, file_id = sent
    process.ledger.posted(job, message)
    return file_id


def say_end(process: Process, slot: Slot) -> None:
    """Say in the status message why there is no result; in a new message, at most once, where it is gone."""
    job = slot.job
    view = status.ended(job, texts(job.origin.language))
    try:
        process.chat.call(lambda gateway: gateway.show(job, view))
    except MessageGone:
        send_once(process, job, lambda gateway: gateway.post(job.origin, view))
    process.ledger.told(slot.job)
    log.info("told the end", state=job.state, failure=job.failure)


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

    fresh = time.time() - job.stamps["accepted"] < _POSTING_S
    awaited = fresh and not job.message and not job.moved
    if not job.message and not first("status") and awaited:
        raise NotYet("the status message is being posted")
    return first(_FALLBACK)


def content(process: Process, job: Job) -> Upload | Known:
    """The file to give: what Telegram has already, else the stored artifact."""
    if job.artifact is None:
        raise Refused("the job has no artifact")
    artifact: Artifact = job.artifact
    hit = None if job.file_id or not job.digest else process.cache.get(job.digest)
    # Of an artifact that several jobs share, Telegram may have it from the first of them.
    known = job.file_id or (hit.file_id if hit and hit.artifact == artifact else "")
    if known:
        return Known(known, artifact.mime)
    name = f"darkroom-{job.id}.{artifact.key.rpartition('.')[2]}"
    return Upload(name, artifact.mime, artifact.size, lambda: process.media.open(artifact))


def ring(process: Process, job: Job) -> None:
    """Edits raise no notification: after a long job one short reply does, at most once, never repeated."""
    took = job.seconds("accepted", "delivered") or 0.0
    if took < process.settings.ready_after_s or not job.message or not process.ledger.once(job.id, "ready"):
        return
    text = status.ready(job, texts(job.origin.language))
    try:
        process.chat.call(lambda gateway: gateway.reply(job, text))
    except (
        PassingError,
        OutcomeUnknown,
        Unreachable,
        Refused,
        MessageGone,
        ChatMoved,
        TimeoutError,
    ) as error:
        log.info("no ready reply", reason=str(error))


def fail(process: Process, slot: Slot, failure: Failure) -> None:
    """There is a file, but it cannot be given; the chat is told why."""
    slot.job, _ = process.ledger.failed(slot.job, failure)
    process.publish_delivery(slot.job.id)


def lose(process: Process, slot: Slot, reason: str) -> None:
    """The chat cannot be written to: the job fails, and there is nobody to tell."""
    log.warning("chat unreachable", reason=reason)
    if slot.job.state is State.DELIVERING:
        slot.job, _ = process.ledger.failed(slot.job, Failure.UNREACHABLE)
    process.ledger.told(slot.job)
