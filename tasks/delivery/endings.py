"""What an ended job's message shows where it is text: why there is no result, or a link to it."""

from dataclasses import replace

from chat import status
from chat.status import View
from chat.texts import texts
from config.catalogue import Catalogue, Model
from jobs.model import Job
from jobs.states import State
from media.links import Links


def text_of(job: Job, catalogue: Catalogue, links: Links) -> View | None:
    """What it shows for good; None for a job that goes on, and where the result itself stands there.

    Raises what `link` raises.
    """
    if job.state in (State.FAILED, State.CANCELLED):
        return status.ended(job, texts(job.origin.language))
    # Telegram names each file that it has taken.
    return link(job, catalogue, links) if job.state is State.DELIVERED and not job.file_id else None


def link(job: Job, catalogue: Catalogue, links: Links) -> View | None:
    """A fresh link to the job's artifact; None where there are no links.

    Asks the media store: raises FileNotFoundError for an artifact that is gone, OSError when it is away.
    """
    found = links.to(job.artifact) if job.artifact else None
    if found is None:
        return None
    model, language = model_of(job, catalogue), texts(job.origin.language)
    return status.link(job, model, catalogue.animator(), found.url, found.seconds, language)


def model_of(job: Job, catalogue: Catalogue) -> Model:
    """The job's model; one that has left the catalogue goes by its bare name."""
    name = job.request.model
    return catalogue.models.get(name) or replace(
        catalogue.default(job.request.kind), name=name, title=name, note=""
    )
