"""The task `deliver`: give the end of a job to its chat, once.

The result is an edit of the job's message, which can be repeated without harm. The message is the status
message, or one that is posted where the status message is gone. Where no message can be edited, the result is
sent as a new message, at most once. If Telegram's response to that is lost, the result counts as delivered,
and the chat is told what to do if it has not arrived. A chat that accepts the file in no form gets a link to
it, or is told why there is no result. Only where the chat accepts no text either does a job end without a
message.
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
"""A delivery is given up after this long (s) of trouble with Telegram or the media store."""
_GIVE_UP_ADVISED_S = 86_400.0
"""The same (s) where Telegram says when to try again: the chat is there, and its turn comes."""


@app.task(name="deliver", bind=True)
def deliver(self: "Task[Any, Any]", job_id: str) -> str:
    """Tell the chat how a job ended. After a passing failure the job is released, and the sweep publishes it
    again."""
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
    """Give the result, or say why there is none. Follow a group that moved to a new id, once."""
    giving = slot.job.state is State.DELIVERING
    # A job that crashed its workers gets a few more attempts to tell its chat so.
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
        # The artifact does not come back, and the job must not be paid for twice.
        log.warning("the artifact is gone", error=str(error))
        process.records.cache.drop(slot.job.digest)
        end(process, slot, Failure.INTERNAL, Unheard.BROKEN)
    except (PassingError, OSError) as error:
        if not given_up(process.records.ledger, slot, error):
            raise
        log.warning("put off for too long", reason=str(error))
        end(process, slot, Failure.INTERNAL, Unheard.LATE)


def given_up(ledger: Ledger, slot: Slot, error: Exception) -> bool:
    """Return whether the trouble has lasted for too long. Waiting for our own rate limit is no trouble."""
    if isinstance(error, NotNow):
        return False
    lasted_s, _ = ledger.hindered(slot.job)
    advised = getattr(error, "retry_after", None) is not None
    return lasted_s > (_GIVE_UP_ADVISED_S if advised else _GIVE_UP_S)


def follow(ledger: Ledger, slot: Slot, chat: int) -> None:
    """Record the new id of the job's group, without the job's message ids and topic.

    In the new group, the same message ids may belong to other messages.
    """
    ledger.note(slot.job, chat=chat, message=0, reply_to=0, thread=0, moved=1)
    origin = replace(slot.job.origin, chat=chat, reply_to=0, thread=0)
    slot.job = replace(slot.job, origin=origin, message=0, moved=True)


def give_result(process: Process, slot: Slot) -> None:
    """Give the result, or a link to it where the chat does not accept the file, and record the delivery."""
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
    # An edit returns no file id where the message shows the result already. A new message without one may not
    # have arrived: the cache has the result for those who request it again.
    if job.artifact and news and (file_id or way is not Way.EDIT):
        process.records.cache.put(job.digest, Hit(job.artifact, file_id, job.request.seed))
    log.info("delivered", seconds=slot.job.seconds("accepted", "delivered"), way=way)
    if way is not Way.FALLBACK:
        ring(process, slot.job)


def say_end(process: Process, slot: Slot) -> None:
    """Say why there is no result, and record that the chat was told."""
    process.delivery.results.say(slot, status.ended(slot.job, texts(slot.job.origin.language)))
    process.records.ledger.told(slot.job)
    log.info("told the end", state=slot.job.state, failure=slot.job.failure)


def ring(process: Process, job: Job) -> None:
    """Send a short reply after a long job, at most once: Telegram notifies nobody of an edit."""
    took = job.seconds("accepted", "delivered") or 0.0
    if took < process.settings.ready_after_s or not job.message:
        return
    if not process.records.ledger.once(job.id, "ready"):
        return
    text = status.ready(job, texts(job.origin.language))
    try:
        process.delivery.chat.call(lambda gateway: gateway.reply(job, text))
    except Exception as error:  # the result was delivered in spite of any failure here
        log.info("no ready reply", reason=str(error))


def end(process: Process, slot: Slot, failure: Failure, unheard: Unheard) -> None:
    """End a delivery that cannot go on.

    Args:
        process: This worker process.
        slot: The job.
        failure: What a job with a result fails with. The chat is told so in a delivery of its own.
        unheard: Why the chat was not told, for a job that has ended already.
    """
    if slot.job.state is State.DELIVERING:
        slot.job, _ = process.records.ledger.failed(slot.job, failure)
        process.handover.publish_delivery(slot.job.id)
        return
    log.warning("ended unheard", why=unheard)
    if unheard is not Unheard.GONE:
        process.delivery.messages.retract(slot.job)
    process.records.ledger.told(slot.job, unheard)


def stumbled(process: Process, slot: Slot) -> None:
    """Go on after an error of ours.

    The error may be this process's alone, so that other attempts come first, up to MAX_CRASHES errors. A job
    with a result fails then. For a job without one, a plain text in the default language is tried, and where
    that fails too, the job ends unheard.

    Raises:
        PassingError: Another worker is to try again.
    """
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
