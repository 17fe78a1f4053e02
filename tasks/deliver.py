"""The task `deliver`: the chat is given the end of a job, once.

The result is an edit of the job's status message, which may be repeated without harm. Where that message
is gone the result is sent as a new one: at most once, so an answer that was lost counts as delivered.
"""

import time
from dataclasses import replace
from typing import Any

import structlog
from celery import Task

from chat import status
from chat.errors import ChatMoved, MediaTooLarge, MessageGone, OutcomeUnknown, Refused, Unreachable
from chat.texts import texts
from jobs.admission import Hit
from jobs.errors import IllegalMove, LeaseLost, LedgerUnavailable, PassingError
from jobs.failures import Failure
from jobs.ledger import Stage, Way
from jobs.model import Job
from jobs.states import State
from tasks import result
from tasks.app import app
from tasks.once import send_once
from tasks.process import Process, current
from tasks.slots import IDLE, HandOver, Slot

log = structlog.get_logger(__name__)
_GIVE_UP_S = 3600.0
"""A delivery that has been put off for this long is given up: the chat counts as unreachable, or the media
store as lost."""


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
        process.trace(slot.job.id)
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
    except (PassingError, OSError) as error:
        patience = _GIVE_UP_S + process.model_of(slot.job).deadline_s
        if time.time() - slot.job.stamps["accepted"] > patience:
            give_up(process, slot, error)
        elif isinstance(error, FileNotFoundError):
            # It does not come back, and a second payment would not be ours to make.
            give_up(process, slot, error)
        else:
            raise


def follow(process: Process, slot: Slot, chat: int) -> None:
    """The group has a new id. A message's id of the old one may be another message's there."""
    process.ledger.note(slot.job, chat=chat, message=0, reply_to=0, thread=0, moved=1)
    origin = replace(slot.job.origin, chat=chat, reply_to=0, thread=0)
    slot.job = replace(slot.job, origin=origin, message=0, moved=True)


def give_result(process: Process, slot: Slot) -> None:
    """Turn the status message into the result, or into a link to it where it is too large for Telegram."""
    job = slot.job
    try:
        way, file_id = result.give_file(process, job)
    except MediaTooLarge:
        if not result.give_link(process, job):
            fail(process, slot, Failure.TOO_LARGE)
            return
        way, file_id = Way.LINK, ""
    slot.job = process.ledger.delivered(slot.job, file_id, way)
    if (file_id or way is Way.LINK) and job.artifact and not job.cached:
        process.cache.put(job.digest, Hit(job.artifact, file_id, job.request.seed))
    log.info("delivered", seconds=slot.job.seconds("accepted", "delivered"), way=way)
    ring(process, slot.job)


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


def give_up(process: Process, slot: Slot, error: Exception) -> None:
    """What was put off is not tried again. Where the chat can be written to, it is told."""
    if isinstance(error, PassingError | TimeoutError):
        lose(process, slot, "put off for too long")
        return
    log.warning("the media store does not give the artifact", error=str(error))
    fail(process, slot, Failure.INTERNAL)


def lose(process: Process, slot: Slot, reason: str) -> None:
    """The chat cannot be written to: the job fails, and there is nobody to tell."""
    log.warning("chat unreachable", reason=reason)
    if slot.job.state is State.DELIVERING:
        slot.job, _ = process.ledger.failed(slot.job, Failure.UNREACHABLE)
    process.ledger.told(slot.job)
