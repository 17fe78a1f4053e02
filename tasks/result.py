"""Giving a result to its chat: the file itself, or a link to one that is too large for Telegram."""

from chat import status
from chat.errors import MessageGone, Refused
from chat.media import Known, Upload
from chat.texts import texts
from jobs.ledger import Way
from jobs.model import Artifact, Job
from tasks import endings
from tasks.once import send_once
from tasks.process import Process


def give_file(process: Process, job: Job) -> tuple[Way, str]:
    """Give the file in the status message, or anew where that is gone; also tells Telegram's name for it."""
    model = process.model_of(job)
    view = status.result(job, model, process.catalogue.animator(), texts(job.origin.language))
    media = content(process, job)
    try:
        return Way.EDIT, process.chat.call(lambda gateway: gateway.give(job, view, media))
    except MessageGone:
        return Way.FALLBACK, send_result(process, job, view, media)


def give_link(process: Process, job: Job) -> bool:
    """Give a link in the status message, or in a new one where that is gone; False: there are no links.

    Idempotent: giving it again makes the message's link a fresh one.
    """
    view = endings.link(job, process.catalogue, process.links)
    if view is None:
        return False
    try:
        process.chat.call(lambda gateway: gateway.show(job, view))
    except MessageGone:
        message = send_once(process, job, lambda gateway: gateway.post(job.origin, view))
        if message is not None:
            process.ledger.posted(job, message)
    return True


def send_result(process: Process, job: Job, view: status.View, media: Upload | Known) -> str:
    """The fallback: the result in a message of its own. Answers Telegram's name for it, where it is known."""
    sent = send_once(process, job, lambda gateway: gateway.send(job, view, media))
    if sent is None:
        return ""
    message, file_id = sent
    process.ledger.posted(job, message)
    return file_id


def content(process: Process, job: Job) -> Upload | Known:
    """The file to give: what Telegram has already, else the stored artifact."""
    artifact = _artifact(job)
    hit = None if job.file_id or not job.digest else process.cache.get(job.digest)
    # Of an artifact that several jobs share, Telegram may have it from the first of them.
    known = job.file_id or (hit.file_id if hit and hit.artifact == artifact else "")
    if known:
        return Known(known, artifact.mime)
    name = f"darkroom-{job.id}.{artifact.key.rpartition('.')[2]}"
    return Upload(name, artifact.mime, artifact.size, lambda: process.media.open(artifact))


def _artifact(job: Job) -> Artifact:
    if job.artifact is None:
        raise Refused("the job has no artifact")
    return job.artifact
