"""The text that an ended job's message shows: why there is no result, or a link to the result."""

from dataclasses import replace

from chat import status
from chat.status import View
from chat.texts import texts
from config.catalogue import Catalogue, Model
from jobs.model import Job
from jobs.states import State
from media.links import Links


def text_of(job: Job, catalogue: Catalogue, links: Links) -> View | None:
    """Return the final text of the job's message.

    Returns:
        None for a job that goes on, and where the message is the result itself.

    Raises:
        FileNotFoundError: The artifact is gone.
        OSError: The media store is away.
    """
    if job.state in (State.FAILED, State.CANCELLED):
        return status.ended(job, texts(job.origin.language))
    # Telegram returns a file id for each file that it accepts: without one, the message shows a link.
    return link(job, catalogue, links) if job.state is State.DELIVERED and not job.file_id else None


def link(job: Job, catalogue: Catalogue, links: Links) -> View | None:
    """Return a view with a fresh link to the job's artifact; None where there are no links.

    Raises:
        FileNotFoundError: The artifact is gone from the media store.
        OSError: The media store is away.
    """
    found = links.to(job.artifact) if job.artifact else None
    if found is None:
        return None
    model, language = model_of(job, catalogue), texts(job.origin.language)
    return status.link(job, model, catalogue.animator(), found.url, found.seconds, language)


def model_of(job: Job, catalogue: Catalogue) -> Model:
    """Return the job's model. For a model that has left the catalogue, return the default model of the job's
    kind under the name of the old one."""
    name = job.request.model
    return catalogue.models.get(name) or replace(
        catalogue.default(job.request.kind), name=name, title=name, note=""
    )
