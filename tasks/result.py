"""Giving a result to its chat: the file itself, or a link to one that the chat cannot be given."""

import structlog

from chat import status
from chat.errors import ChatMoved, MediaForbidden, MessageGone, OutcomeUnknown, Refused, Unreachable
from chat.media import Known, Upload
from chat.status import View
from chat.texts import texts
from jobs.errors import JobFailed
from jobs.failures import Failure
from jobs.ledger import Way
from jobs.model import Artifact, Job
from tasks import endings
from tasks.once import send_once
from tasks.process import Process

log = structlog.get_logger(__name__)


def give_file(process: Process, job: Job) -> tuple[Way, str]:
    """Give the file in the status message, or in a new one; also tells Telegram's name for it.

    Raises Refused where the chat takes it in no form.
    """
    model = endings.model_of(job, process.catalogue)
    view = status.result(job, model, process.catalogue.animator(), texts(job.origin.language))
    media = content(process, job)
    try:
        return Way.EDIT, process.chat.call(lambda gateway: gateway.give(job, view, media))
    except MessageGone:
        return Way.FALLBACK, _send(process, job, view, media)
    except MediaForbidden:
        raise  # in a new message it would be as well
    except Refused as error:
        log.warning("the status message cannot become the result", reason=str(error))
        return Way.FALLBACK, _send(process, job, view, media)


def give_link(process: Process, job: Job) -> bool:
    """Give a link in the status message, or in a new one where that will not do; False: there are no links.

    Idempotent: giving it again makes the message's link a fresh one.
    """
    view = endings.link(job, process.catalogue, process.links)
    if view is None:
        return False
    say(process, job, view)
    return True


def say(process: Process, job: Job, view: View) -> None:
    """Show a job's end in the status message; in a new message, at most once, where that will not do."""
    try:
        process.chat.call(lambda gateway: gateway.show(job, view))
        return
    except (MessageGone, Refused) as error:
        log.info("the end is said in a new message", reason=str(error))
    message = send_once(process, job, lambda gateway, mark: gateway.post(job.origin, view, mark))
    _took_place(process, job, message)
    if message is None:
        _say_in_doubt(process, job)


def retract(process: Process, job: Job) -> None:
    """Take away a status message that an end did not fit into; it stays where that fails."""
    if not job.message:
        return
    try:
        process.chat.call(lambda gateway: gateway.remove(job))
    except Exception as error:  # whatever it is, the end counts
        log.warning("status message not removed", error=repr(error))


def content(process: Process, job: Job) -> Upload | Known:
    """The file to give: what Telegram has already, else the stored artifact."""
    artifact = _artifact(job)
    name = f"darkroom-{job.id}.{artifact.key.rpartition('.')[2]}"
    upload = Upload(name, artifact.mime, artifact.size, lambda: process.media.open(artifact))
    hit = None if job.file_id or not job.digest else process.cache.get(job.digest)
    # Of an artifact that several jobs share, Telegram may have it from the first of them.
    known = job.file_id or (hit.file_id if hit and hit.artifact == artifact else "")
    return Known(known, artifact.mime, upload) if known else upload


def _send(process: Process, job: Job, view: View, media: Upload | Known) -> str:
    """The result in a message of its own. Answers Telegram's name for it, where it is known."""
    sent = send_once(process, job, lambda gateway, mark: gateway.send(job, view, media, mark))
    message, file_id = sent or (None, "")
    _took_place(process, job, message)
    if message is None:
        _say_in_doubt(process, job)
    return file_id


def _say_in_doubt(process: Process, job: Job) -> None:
    """The job's end was sent, and may not have arrived: a worker died over it, or the answer was lost. Words
    that go with either may be said again. Raises PassingError where they are to be said later."""
    text = status.in_doubt(job, texts(job.origin.language))
    try:
        process.chat.call(lambda gateway: gateway.say(job.origin, text))
    except (OutcomeUnknown, Refused, Unreachable, ChatMoved) as error:
        log.warning("nobody knows whether the end arrived, and that was not said", reason=str(error))


def _took_place(process: Process, job: Job, message: int | None) -> None:
    """A new message (None: nobody knows) is the job's end: no status message stays beside it."""
    retract(process, job)
    if message is not None:
        process.ledger.sent_anew(job, message)


def _artifact(job: Job) -> Artifact:
    if job.artifact is None:
        raise JobFailed(Failure.INTERNAL, "the job has no artifact")
    return job.artifact
