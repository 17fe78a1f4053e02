"""What is sent to a provider for a job: the model's constants, prompt, options and source picture."""

from typing import Any
from urllib.parse import urlencode

from config.catalogue import Model
from config.settings import Settings
from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from jobs.model import Request
from jobs.signing import signature
from providers.base import Provider, Submission
from tasks import waits
from tasks.process import Process
from tasks.slots import Slot


def submission(process: Process, slot: Slot, provider: Provider) -> Submission:
    """The complete submission of a job; a picture to animate is uploaded for it.

    Raises JobFailed where the picture is gone or the provider takes no upload.
    """
    request = slot.job.request
    model = process.model_of(slot.job)
    values = fields(request, model)
    if request.source:
        values[model.source_field] = _uploaded(process, slot, provider)
    return Submission(
        model.reference, values, model.deadline_s, webhook(process.settings, provider.name, slot.job.id)
    )


def webhook(settings: Settings, provider: str, job_id: str) -> str:
    """Where the provider tells of this job ("" = nowhere); the signature proves the job id ours. Pure."""
    if not settings.provider_webhook_url:
        return ""
    query = urlencode({"job": job_id, "sig": signature(settings.signing_secret, job_id)})
    return f"{settings.provider_webhook_url.rstrip('/')}/providers/{provider}/webhook?{query}"


def fields(request: Request, model: Model) -> dict[str, Any]:
    """The input fields of a request: what the user chose goes before the model's defaults. Pure."""
    values: dict[str, Any] = {**model.input, "prompt": request.prompt}
    for name, option in model.options.items():
        drawn = request.seed if name == "seed" and request.seed else None
        value = request.options.get(name, drawn if drawn is not None else option.default)
        if value is not None:
            values[option.field] = value
    return values


def _uploaded(process: Process, slot: Slot, provider: Provider) -> str:
    source = process.ledger.get(slot.job.request.source)
    if source is None or source.artifact is None:
        raise JobFailed(Failure.SOURCE_GONE, "the source job is no longer kept")
    artifact = source.artifact

    def upload() -> str:
        process.calls.to_ask(slot, provider)
        with process.media.open(artifact) as content:
            return provider.upload(artifact.key.rpartition("/")[2], artifact.mime, content)

    try:
        return waits.passing(slot.wait)(upload)
    except FileNotFoundError as error:
        raise JobFailed(Failure.SOURCE_GONE, "the source picture is no longer kept") from error
    except PassingError as error:
        raise JobFailed(Failure.PROVIDER_DOWN, str(error)) from error
