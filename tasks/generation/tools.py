"""What the task `generate` works with, beside the ledger and the files."""

from collections.abc import Mapping
from dataclasses import dataclass

from config.catalogue import Catalogue
from config.settings import Settings
from ledger.limits.provider_quota import Allowance
from ledger.processes.metrics_buffer import Tally
from providers.base import Provider
from providers.replicate import Replicate
from tasks.delivery.progress import Progress
from tasks.files import Files
from tasks.generation.calls import Calls
from tasks.generation.deadline import Deadline
from tasks.generation.inputs import Inputs
from tasks.generation.outputs import Outputs
from tasks.generation.polling import Polling
from tasks.generation.terms import Terms
from tasks.handover import Handover
from tasks.records import Records
from tasks.slots import Slots


@dataclass(frozen=True, slots=True)
class GenerationTools:
    """The providers by name, turns to call them, the terms of each job, and the steps of a job's way."""

    providers: Mapping[str, Provider]
    calls: Calls
    terms: Terms
    inputs: Inputs
    polling: Polling
    deadline: Deadline
    outputs: Outputs

    def close(self) -> None:
        """Close the connections to all providers."""
        for provider in self.providers.values():
            provider.close()


def open_generation(
    settings: Settings,
    catalogue: Catalogue,
    records: Records,
    files: Files,
    *,
    progress: Progress,
    handover: Handover,
    slots: Slots,
    capacity: int,
    tally: Tally,
) -> GenerationTools:
    """Make them for `capacity` slots. No provider is asked yet. The caller closes them."""
    providers = {
        "replicate": Replicate(
            settings.replicate_api_url,
            settings.replicate_api_token,
            settings.replicate_webhook_secret,
            settings.provider_timeout_s,
            capacity,
        )
    }
    creates, others = settings.replicate_creates_per_min, settings.replicate_calls_per_min
    calls = Calls(
        {"replicate": Allowance(records.client, "replicate", "creates", creates)},
        {"replicate": Allowance(records.client, "replicate", "others", others)},
    )
    terms = Terms(catalogue, providers, tally)
    polling = Polling(settings, records.waiting, slots, calls, terms, progress)
    inputs = Inputs(records.ledger, files.store, calls)
    outputs = Outputs(records.ledger, files, calls, terms, handover)
    deadline = Deadline(records.ledger, calls, handover)
    return GenerationTools(providers, calls, terms, inputs, polling, deadline, outputs)
