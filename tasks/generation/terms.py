"""The terms of a job: its model, its provider and its deadline."""

from collections.abc import Mapping

from config.catalogue import Catalogue, Model
from jobs.errors import JobFailed
from jobs.failures import Failure
from jobs.model import Job
from ledger.processes.metrics_buffer import MetricsBuffer
from providers.base import Provider
from providers.metered import Metered
from tasks.delivery import endings


class Terms:
    """The terms of jobs. A job's order decides; without one (before the submission, and in an old record) the
    present catalogue does."""

    def __init__(self, catalogue: Catalogue, providers: Mapping[str, Provider], tally: MetricsBuffer) -> None:
        self._catalogue = catalogue
        self._providers = providers
        self._tally = tally

    def model_of(self, job: Job) -> Model:
        """Return the job's model. Raises JobFailed where the catalogue no longer has it."""
        model = self._catalogue.models.get(job.request.model)
        if model is None:
            raise JobFailed(Failure.NOT_CONFIGURED, f"model {job.request.model!r} is not in the catalogue")
        return model

    def typical_s(self, job: Job) -> float:
        """Return how long the job's model typically takes by the catalogue, in seconds; for a model that is
        gone, how long the default model of the job's kind takes."""
        return endings.model_of(job, self._catalogue).typical_s

    def deadline_s(self, job: Job) -> float:
        """Return how long the job's prediction may run, in seconds."""
        if job.ordered:
            return job.ordered.deadline_s
        model = self._catalogue.models.get(job.request.model)
        return model.deadline_s if model else self._catalogue.longest_deadline()

    def provider_of(self, job: Job) -> Provider:
        """Return the provider of the job; its calls are counted. Raises JobFailed if it is not configured."""
        name = self._provider_name(job)
        if name not in self._providers:
            raise JobFailed(Failure.NOT_CONFIGURED, f"provider {name!r} is not known")
        return Metered(self._providers[name], job.request.model, self._tally)

    def _provider_name(self, job: Job) -> str:
        if job.ordered:
            return job.ordered.provider
        if job.prediction and job.request.model not in self._catalogue.models and len(self._providers) == 1:
            # An older release recorded the prediction, but not the provider.
            return next(iter(self._providers))
        return self.model_of(job).provider
