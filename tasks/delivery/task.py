"""The task `deliver`: the chat is given the end of a job, once.

The result is an edit of the job's message, which may be repeated without harm: of its status message, or of
one that is posted where that is gone. Where no edit will do the result is sent as a new message, at most
once: where the answer was lost it counts as delivered, and the chat is told what to do if it has not arrived.
A chat that takes the file in no form gets a link to it, or is told why there is none; only where it does not
take words either does a job end unheard.
"""

from dataclasses import replace
from typing import Any

import structlog
from celery import Task

from chat import status
from chat.errors import (
    ChatMoved,
    MediaTooLarge,
    NotNow,
    Refused,
    Unreachable,
)
from chat.texts import texts
from jobs.errors import IllegalMove, JobFailed, LeaseLost, LedgerUnavailable, PassingError
from jobs.failures import Failure
from jobs.model import Job
from jobs.states import State
from ledger.admission import Hit
from ledger.jobs import Ledger, Stage, Unheard, Way
from tasks.app import app
from tasks.process import Process, current
from tasks.slots import IDLE, HandOver, Slot

log = structlog.get_logger(__name__)
_GIVE_UP_S = 3600.0
"""Trouble of Telegram or of the media store that has lasted for this long is not waited out any further."""
_GIVE_UP_ADVISED_S = 86_400.0
"""The same where Telegram itself says when to come back: the chat is there, and its turn comes."""


@app.task(name="deliver", bind=True)
def deliver(self: "Task[Any, Any]", job_id: str) -> str:
    """Tell the chat how a job ended. What fails for now is handed back, and the sweep tries again."""
    process = current(self.app)
    with process.slots.hold(job_id, Stage.DELIVER) as slot:
        if slot is None:
            return IDLE
        try:
            try:
                tell(process, slot)
            except (HandOver, PassingError, OSError, LeaseLost, IllegalMove, LedgerUnavailable):
                raise
            except Exception:
                log.exception("delivery broken off by an error of ours")
                stumbled(process, slot)
        except HandOver:
            process.handover.hand_over(slot.job)
        except (PassingError, OSError) as error:
            advice = getattr(error, "retry_after", None)
            log.info("delivery put off", reason=str(error), retry_after=advice)
            process.handover.put_off(slot.job, advice or 1.0)
        except (LeaseLost, IllegalMove) as error:
            log.warning("delivery left to another worker", reason=str(error))
        except LedgerUnavailable as error:
            log.warning("ledger unavailable; the delivery is resumed", error=str(error))
        if process.traces:
            process.traces.try_send(slot.job.id)
        return slot.account()


def tell(process: Process, slot: Slot) -> None:
    """Give the result, or say why there is none; follow a group that moved, once."""
    giving = slot.job.state is State.DELIVERING
    # Of a job that has kept breaking its workers a few more may try to say so.
    if slot.job.crashes > process.settings.max_crashes * (1 if giving else 2):
        end(process, slot, Failure.CRASHED, Unheard.BROKEN)
        return
    give = give_result if giving else say_end
    try:
        try:
            give(process, slot)
        except ChatMoved as moved:
            follow(process.records.ledger, slot, moved.new_chat_id)
            give(process, slot)
    except JobFailed as error:
        log.warning("no result to give", failure=error.failure, detail=error.detail)
        end(process, slot, error.failure, Unheard.BROKEN)
    except (Unreachable, ChatMoved) as error:
        log.warning("chat unreachable", reason=str(error))
        end(process, slot, Failure.UNREACHABLE, Unheard.GONE)
    except Refused as error:
        log.warning("the chat takes no words", reason=str(error))
        end(process, slot, Failure.UNREACHABLE, Unheard.REFUSED)
    except FileNotFoundError as error:
        # It does not come back, and a second payment would not be ours to make.
        log.warning("the artifact is gone", error=str(error))
        process.records.cache.drop(slot.job.digest)
        end(process, slot, Failure.INTERNAL, Unheard.BROKEN)
    except (PassingError, OSError) as error:
        if not given_up(process.records.ledger, slot, error):
            raise
        log.warning("put off for too long", reason=str(error))
        end(process, slot, Failure.INTERNAL, Unheard.LATE)


def given_up(ledger: Ledger, slot: Slot, error: Exception) -> bool:
    """Whether a trouble has lasted for too long; what comes from our own limiter is none."""
    if isinstance(error, NotNow):
        return False
    lasted_s, _ = ledger.hindered(slot.job)
    advised = getattr(error, "retry_after", None) is not None
    return lasted_s > (_GIVE_UP_ADVISED_S if advised else _GIVE_UP_S)


def follow(ledger: Ledger, slot: Slot, chat: int) -> None:
    """The group has a new id. A message's id of the old one may be another message's there."""
    ledger.note(slot.job, chat=chat, message=0, reply_to=0, thread=0, moved=1)
    origin = replace(slot.job.origin, chat=chat, reply_to=0, thread=0)
    slot.job = replace(slot.job, origin=origin, message=0, moved=True)


def give_result(process: Process, slot: Slot) -> None:
    """Turn the status message into the result, or into a link to it where the chat does not take the file."""
    try:
        way, file_id = process.delivery.results.give_file(slot)
    except (MediaTooLarge, Refused) as error:
        log.warning("the chat does not take the file", reason=str(error))
        if not process.delivery.results.give_link(slot):
            too_large = isinstance(error, MediaTooLarge)
            end(process, slot, Failure.TOO_LARGE if too_large else Failure.NO_MEDIA, Unheard.REFUSED)
            return
        way, file_id = Way.LINK, ""
    job = slot.job
    slot.job = process.records.ledger.delivered(job, file_id, way)
    news = not job.cached or file_id != job.file_id
    # Without a file_id nobody knows whether it arrived; whoever asks again is given it.
    if job.artifact and news and (file_id or way is not Way.EDIT):
        process.records.cache.put(job.digest, Hit(job.artifact, file_id, job.request.seed))
    log.info("delivered", seconds=slot.job.seconds("accepted", "delivered"), way=way)
    if way is not Way.FALLBACK:
        ring(process, slot.job)


def say_end(process: Process, slot: Slot) -> None:
    """Say why there is no result."""
    process.delivery.results.say(slot, status.ended(slot.job, texts(slot.job.origin.language)))
    process.records.ledger.told(slot.job)
    log.info("told the end", state=slot.job.state, failure=slot.job.failure)


def ring(process: Process, job: Job) -> None:
    """Edits raise no notification: after a long job one short reply does, at most once, never repeated."""
    took = job.seconds("accepted", "delivered") or 0.0
    if took < process.settings.ready_after_s or not job.message:
        return
    if not process.records.ledger.once(job.id, "ready"):
        return
    text = status.ready(job, texts(job.origin.language))
    try:
        process.delivery.chat.call(lambda gateway: gateway.reply(job, text))
    except Exception as error:  # whatever it is, the result is there
        log.info("no ready reply", reason=str(error))


def end(process: Process, slot: Slot, failure: Failure, unheard: Unheard) -> None:
    """This does not go on: a result becomes a `failure`, of which the chat is told; words that cannot be said
    stay `unheard`."""
    if slot.job.state is State.DELIVERING:
        slot.job, _ = process.records.ledger.failed(slot.job, failure)
        process.handover.publish_delivery(slot.job.id)
        return
    log.warning("ended unheard", why=unheard)
    if unheard is not Unheard.GONE:
        process.delivery.messages.retract(slot.job)
    process.records.ledger.told(slot.job, unheard)


def stumbled(process: Process, slot: Slot) -> None:
    """An error of ours: it may be this process's alone, so a few others try. Then it is told in the plainest
    words, and where that breaks as well it ends unheard."""
    lasted_s, errors = process.records.ledger.hindered(slot.job, error=True)
    if errors < process.settings.max_crashes:
        raise PassingError("an error of ours")
    if slot.job.state is not State.DELIVERING:
        try:
            plain = replace(slot.job, state=State.FAILED, failure=Failure.INTERNAL)
            process.delivery.results.say(slot, status.ended(plain, texts("")))
            process.records.ledger.told(slot.job)
            return
        except (LeaseLost, IllegalMove, LedgerUnavailable):
            raise
        except Exception as error:
            if isinstance(error, PassingError | OSError) and lasted_s <= _GIVE_UP_S:
                raise
            log.exception("not even plain words")
    end(process, slot, Failure.INTERNAL, Unheard.BROKEN)
