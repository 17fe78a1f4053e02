"""The tools of the task `generate`, except for the ledger and the files."""

from dataclasses import dataclass

from config.catalogue import Catalogue
from config.settings import Settings
from ledger.processes.metrics_buffer import MetricsBuffer
from tasks.delivery.progress import Progress
from tasks.files import Files
from tasks.generation.accounts import Accounts
from tasks.generation.deadline import Deadline
from tasks.generation.inputs import Inputs
from tasks.generation.outputs import Outputs
from tasks.generation.polling import Polling
from tasks.generation.submitting import Submitting
from tasks.generation.terms import Terms
from tasks.handover import Handover
from tasks.records import Records
from tasks.slots import Slots


@dataclass(frozen=True, slots=True)
class GenerationTools:
    """The terms of jobs, and the steps from the paid call to the stored file."""

    terms: Terms
    submitting: Submitting
    polling: Polling
    deadline: Deadline
    outputs: Outputs


def generation_tools(
    settings: Settings,
    catalogue: Catalogue,
    records: Records,
    files: Files,
    accounts: Accounts,
    *,
    progress: Progress,
    handover: Handover,
    slots: Slots,
    tally: MetricsBuffer,
) -> GenerationTools:
    """Return the tools. They own nothing that must be closed."""
    ledger, calls = records.ledger, accounts.calls
    terms = Terms(catalogue, accounts.providers, tally)
    inputs = Inputs(ledger, files.store, calls)
    return GenerationTools(
        terms=terms,
        submitting=Submitting(settings, ledger, terms, calls, inputs, handover),
        polling=Polling(settings, records.waiting, slots, calls, terms, progress),
        deadline=Deadline(ledger, calls, handover),
        outputs=Outputs(ledger, files, calls, terms, handover),
    )
