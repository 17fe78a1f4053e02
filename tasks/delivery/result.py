"""Giving a result to its chat: the file itself, or a link to one that the chat cannot be given."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

from chat import status
from chat.errors import ChatMoved, MediaForbidden, MessageGone, OutcomeUnknown, Refused, Unreachable
from chat.gateway import Gateway
from chat.media import Known, Upload
from chat.sending import Mark
from chat.status import View
from chat.texts import texts
from jobs.errors import JobFailed
from jobs.failures import Failure
from jobs.model import Artifact, Job
from ledger.jobs import Way
from tasks.delivery import endings
from tasks.process import Process
from tasks.slots import Slot

log = structlog.get_logger(__name__)
T = TypeVar("T")


def give_file(process: Process, slot: Slot) -> tuple[Way, str]:
    """Give the file in the job's message, or in a new one; also tells Telegram's name for it ("": unknown).

    Raises Refused where the chat takes it in no form.
    """
    job = slot.job
    model = endings.model_of(job, process.catalogue)
    view = status.result(job, model, process.catalogue.animator(), texts(job.origin.language))
    media = content(process, job)
    way, file_id = _put(
        process,
        slot,
        lambda gateway: gateway.give(slot.job, view, media),
        lambda gateway, mark: gateway.send(slot.job, view, media, mark),
    )
    return way, file_id or ""


def give_link(process: Process, slot: Slot) -> bool:
    """Give a link in the job's message, or in a new one where that will not do; False: there are no links.

    Idempotent: giving it again makes the message's link a fresh one.
    """
    view = endings.link(slot.job, process.catalogue, process.files.links)
    if view is None:
        return False
    say(process, slot, view)
    return True


def say(process: Process, slot: Slot, view: View) -> None:
    """Show a job's end in words in its message; in a new one where that will not do."""

    async def send(gateway: Gateway, mark: Mark) -> tuple[int, None]:
        return await gateway.post(slot.job.origin, view, mark), None

    _put(process, slot, lambda gateway: gateway.show(slot.job, view), send)


def content(process: Process, job: Job) -> Upload | Known:
    """The file to give: what Telegram has already, else the stored artifact."""
    artifact = _artifact(job)
    name = f"darkroom-{job.id}.{artifact.key.rpartition('.')[2]}"
    upload = Upload(name, artifact.mime, artifact.size, lambda: process.files.store.open(artifact))
    hit = None if job.file_id or not job.digest else process.records.cache.get(job.digest)
    # Of an artifact that several jobs share, Telegram may have it from the first of them.
    known = job.file_id or (hit.file_id if hit and hit.artifact == artifact else "")
    return Known(known, artifact.mime, upload) if known else upload


def _put(
    process: Process,
    slot: Slot,
    edit: Callable[[Gateway], Coroutine[Any, Any, T]],
    send: Callable[[Gateway, Mark], Coroutine[Any, Any, tuple[int, T]]],
) -> tuple[Way, T | None]:
    """Turn the job's message into its end: its own, or one that is posted in its place. Both may be repeated
    after a crash. Where neither will do the end is sent by itself, at most once; so is a result from the
    cache, which has no status message: one call does then, and it costs nothing to ask for it again.

    Also tells what the call has told; None where nobody knows whether the end arrived.
    """
    ways = () if slot.job.cached and not slot.job.message else (Way.EDIT, Way.FALLBACK)
    for way in ways:
        try:
            return way, process.delivery.chat.call(edit)
        except MediaForbidden:
            raise  # in another message it would be as well
        except (MessageGone, Refused) as error:
            log.info("the message cannot become the end", reason=str(error))
        job = process.delivery.messages.post(slot.job) if way is Way.EDIT else None
        if job is None:
            break
        slot.job = job
    return Way.FALLBACK, _send(process, slot, send)


def _send(
    process: Process, slot: Slot, send: Callable[[Gateway, Mark], Coroutine[Any, Any, tuple[int, T]]]
) -> T | None:
    sent = process.delivery.messages.send_once(slot.job, send)
    if sent is None:
        process.delivery.messages.retract(slot.job)
        _say_in_doubt(process, slot.job)
        return None
    message, told = sent
    slot.job = process.delivery.messages.lives_in(slot.job, message)
    return told


def _say_in_doubt(process: Process, job: Job) -> None:
    """The job's end was sent, and may not have arrived: a worker died over it, or the answer was lost. Words
    that go with either may be said again. Raises PassingError where they are to be said later."""
    text = status.in_doubt(job, texts(job.origin.language))
    try:
        process.delivery.chat.call(lambda gateway: gateway.say(job.origin, text))
    except (OutcomeUnknown, Refused, Unreachable, ChatMoved) as error:
        log.warning("nobody knows whether the end arrived, and that was not said", reason=str(error))


def _artifact(job: Job) -> Artifact:
    if job.artifact is None:
        raise JobFailed(Failure.INTERNAL, "the job has no artifact")
    return job.artifact
