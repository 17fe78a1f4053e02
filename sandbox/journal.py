"""One line in the terminal for each finished job."""

import threading
from collections.abc import Callable
from textwrap import shorten

from config.catalogue import Catalogue, load_catalogue
from config.redis_urls import RedisPlace
from config.settings import Settings
from jobs.errors import LedgerUnavailable
from jobs.model import Job
from jobs.states import State
from ledger.connection import connect
from ledger.ended import Ended
from ledger.jobs import Ledger

_WORDS = 32
_PAUSE_S = 1.0
_SPANS = (("queued", "accepted", "claimed"), ("made", "claimed", "stored"), ("sent", "stored", "delivered"))


class Journal:
    """A thread that prints each job's end until `close`; it waits while Redis is away.

    Args:
        place: The ledger's Redis.
        settings: Where the catalogue and the ledger find their settings.
        tell: Called with each line.
        prompts: Whether a line shows the prompt. On a real bot it must not: prompts are people's own words.
    """

    def __init__(
        self, place: RedisPlace, settings: Settings, tell: Callable[[str], None], *, prompts: bool
    ) -> None:
        self._place = place
        self._settings = settings
        self._tell = tell
        self._prompts = prompts
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="journal")
        self._thread.start()

    def close(self) -> None:
        """Stop the thread."""
        self._closing.set()
        self._thread.join(2 * _PAUSE_S)

    def _run(self) -> None:
        catalogue = load_catalogue(self._settings)
        with connect(self._place) as client:
            ledger, ended = Ledger(client, self._settings), None
            while not self._closing.is_set():
                try:
                    ended = ended or Ended(client)
                    for job_id in ended.wait(_PAUSE_S):
                        if job := ledger.get(job_id):
                            self._tell(line(job, catalogue, prompts=self._prompts))
                except LedgerUnavailable:
                    self._closing.wait(_PAUSE_S)


def line(job: Job, catalogue: Catalogue, *, prompts: bool) -> str:
    """Return the line for a finished job: its request, how it ended, and its price."""
    words = shorten(job.request.prompt, _WORDS, placeholder=" …")
    what = f'"{words}"' if prompts else f"{job.request.model} {job.id}"
    if job.state is State.DELIVERED:
        spans = [
            f"{name} {seconds:.1f} s"
            for name, start, end in _SPANS
            if (seconds := job.seconds(start, end)) is not None
        ]
        how = ", ".join(spans) if spans else "given again"
    else:
        how = f"failed: {job.failure}" if job.state is State.FAILED else str(job.state)
    model = catalogue.models.get(job.request.model)
    price = f"   ${model.price_usd:.3f}" if model and "running" in job.stamps else ""
    return f"{job.request.kind} {what}  {how}{price}"
