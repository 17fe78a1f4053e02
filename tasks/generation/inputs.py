"""The input that a provider gets for a job: the model's constants, prompt, options and source picture."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import retries
from config.catalogue import Model
from config.settings import Settings
from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from jobs.model import Order, Request
from jobs.signing import signature
from ledger.jobs import Ledger
from media.store import MediaStore
from providers.base import Provider, Submission
from tasks.generation.calls import Calls
from tasks.slots import Slot


@dataclass(frozen=True, slots=True)
class Inputs:
    """Makes orders, and uploads the pictures that they need."""

    ledger: Ledger
    store: MediaStore
    calls: Calls

    def order(self, slot: Slot, model: Model, provider: Provider) -> Order:
        """Return the order for the job's paid call. Upload the picture if the job animates one.

        Raises:
            JobFailed: The model makes something else by now, the picture is gone, or the upload failed.
        """
        request = slot.job.request
        if model.kind != request.kind or (request.source and not model.source_field):
            wanted = "animates pictures" if request.source else f"makes a {request.kind}"
            raise JobFailed(Failure.NOT_CONFIGURED, f"model {model.name!r} no longer {wanted}")
        values = fields(request, model)
        if request.source:
            values[model.source_field] = self._uploaded(slot, provider)
        return Order(model.provider, model.reference, values, model.deadline_s)

    def _uploaded(self, slot: Slot, provider: Provider) -> str:
        source = self.ledger.get(slot.job.request.source)
        if source is None or source.artifact is None:
            raise JobFailed(Failure.SOURCE_GONE, "the source job is no longer kept")
        artifact = source.artifact

        def upload() -> str:
            self.calls.to_ask(slot, provider)
            with self.store.open(artifact) as content:
                return provider.upload(artifact.key.rpartition("/")[2], artifact.mime, content)

        try:
            return retries.passing(slot.wait)(upload)
        except FileNotFoundError as error:
            raise JobFailed(Failure.SOURCE_GONE, "the source picture is no longer kept") from error
        except PassingError as error:
            raise JobFailed(Failure.PROVIDER_DOWN, str(error)) from error


def submission(settings: Settings, job_id: str, made: Order) -> Submission:
    """Return the paid call for an order. Pure."""
    return Submission(made.reference, made.input, made.deadline_s, webhook(settings, made.provider, job_id))


def webhook(settings: Settings, provider: str, job_id: str) -> str:
    """Return the URL to which the provider sends news of the job; "" where webhooks are not set up. Pure.

    The URL's signature proves that the job id is ours.
    """
    if not settings.provider_webhook_url:
        return ""
    query = urlencode({"job": job_id, "sig": signature(settings.signing_secret, job_id)})
    return f"{settings.provider_webhook_url.rstrip('/')}/providers/{provider}/webhook?{query}"


def fields(request: Request, model: Model) -> dict[str, Any]:
    """Return the input fields of a request. The user's choices override the model's defaults. Pure."""
    values: dict[str, Any] = {**model.input, "prompt": request.prompt}
    for name, option in model.options.items():
        drawn = request.seed if name == "seed" and request.seed else None
        value = request.options.get(name, drawn if drawn is not None else option.default)
        if value is not None:
            values[option.field] = value
    return values
