"""Fetching the outputs of predictions.

An output is paid for, so passing errors are waited out. A job that must wait for longer leaves its slot.
"""

import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

import retries
from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from jobs.model import Artifact, Job, Kind
from ledger.jobs import Ledger
from media.download import OutputMissing
from media.store import StoreUnavailable
from providers.base import Prediction, Provider, Status
from tasks.files import Files
from tasks.generation.calls import Calls
from tasks.generation.terms import Terms
from tasks.handover import Handover
from tasks.slots import Slot

log = structlog.get_logger(__name__)
PATIENCE_S = 900.0
"""How long (s) to wait for a host that does not answer, or a store that takes nothing. That is longer than a
deploy or a full disk lasts, and well within the hour for which providers keep an output."""
MISSING_S = 180.0
"""How long (s) a host that answers "no such file" is asked again."""
UNSHOWN_S = 60.0
"""How long (s) at least a prediction that succeeded without an output is polled again. It is polled until the
model's deadline where that is later."""
_MOST = 8
"""Number of outputs of one prediction that are downloaded at most to find one of the job's kind."""


class Unshown(PassingError):
    """The prediction has succeeded, but the provider does not show its output yet."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Fetches outputs into the media store."""

    ledger: Ledger
    files: Files
    calls: Calls
    terms: Terms
    handover: Handover

    def fetch(self, slot: Slot, provider: Provider, seen: Prediction | None) -> Artifact | None:
        """Store the output and return it; None where it must wait, and the job was put off.

        Args:
            slot: The job, which is `storing`.
            provider: The provider that made the output.
            seen: The prediction as this slot saw it end; None for a job that was resumed.

        Raises:
            JobFailed: There is no output of the job's kind, or the attempts took too long.
        """
        latest, fresh = seen, seen is not None

        def attempt() -> Artifact:
            nonlocal latest, fresh
            if seen is None and (kept := self._kept(slot.job)):
                return kept
            if not fresh:
                latest = self._looked_at(slot, provider, latest)
            fresh = False
            if latest is None or latest.pending or latest.status is not Status.SUCCEEDED:
                raise Unshown("the prediction succeeded, and shows no output")
            return self._stored(slot, provider, latest.outputs)

        try:
            return retries.brief(slot.wait)(attempt)
        except PassingError as error:
            age = self.ledger.now() - slot.job.stamps["storing"]
            if age >= patience(error, self.terms.deadline_s(slot.job) - _generated_s(slot.job)):
                raise JobFailed(_failure(error), str(error)) from error
            again = again_in(age, error.retry_after)
            log.warning("output put off", reason=str(error), again_in_s=again)
            self.handover.put_off(slot.job, again)
            return None

    def _kept(self, job: Job) -> Artifact | None:
        """Return the artifact that an earlier worker stored before it died, if there is one."""
        try:
            return self.files.store.kept(job)
        except OSError as error:
            raise StoreUnavailable(str(error)) from error

    def _looked_at(self, slot: Slot, provider: Provider, before: Prediction | None) -> Prediction:
        """Return the prediction with fresh URLs, as URLs expire; `before` if the provider does not answer."""
        self.calls.to_ask(slot, provider)
        try:
            return provider.get(slot.job.prediction)
        except PassingError:
            if before is None:
                raise
            return before

    def _stored(self, slot: Slot, provider: Provider, urls: Iterable[str]) -> Artifact:
        """Store the first output of the job's kind."""
        wrong = JobFailed(Failure.BAD_OUTPUT, "the output has no file in it")
        for url in ranked(urls, slot.job.request.kind)[:_MOST]:
            try:
                with self.files.downloader.stream(url, private=provider.local) as chunks:
                    return self.files.store.keep(slot.job, slot.watch(chunks))
            except JobFailed as error:
                if error.failure is not Failure.BAD_OUTPUT:
                    raise
                wrong = error
            except OSError as error:
                # The output is paid for, and a full disk may have room again in a moment.
                raise StoreUnavailable(str(error)) from error
        raise wrong


def ranked(urls: Iterable[str], kind: Kind) -> list[str]:
    """Return the URLs in the order in which to look for an output of a kind, by their endings. Pure.

    URLs that rank alike stay in their order.
    """
    wanted = "image/" if kind is Kind.IMAGE else "video/"

    def rank(url: str) -> int:
        mime = _promised(url)
        # An animated GIF may be the only output of a video; beside a video it is a preview.
        return 0 if mime.startswith(wanted) else 1 if mime in ("", "image/gif") else 2

    return sorted(urls, key=rank)


def patience(error: PassingError, deadline_in_s: float) -> float:
    """Return how long to go on fetching an output in spite of an error, in seconds. Pure.

    Args:
        error: The error of the last attempt.
        deadline_in_s: Time (s) from the prediction's end to the model's deadline.
    """
    if isinstance(error, Unshown):
        return max(UNSHOWN_S, deadline_in_s)
    return MISSING_S if isinstance(error, OutputMissing) else PATIENCE_S


def again_in(age_s: float, advice_s: float | None) -> float:
    """Return the seconds until the next attempt. The longer the trouble lasts, the rarer attempts are. Pure.

    Args:
        age_s: How long the trouble has lasted (s).
        advice_s: When the other side said to try again (s from now), if it did.
    """
    return min(retries.LONGEST_ADVICE_S, max(2.0, age_s / 4, advice_s or 0.0))


def _failure(error: PassingError) -> Failure:
    if isinstance(error, StoreUnavailable):
        return Failure.INTERNAL
    return Failure.BAD_OUTPUT if isinstance(error, OutputMissing | Unshown) else Failure.PROVIDER_DOWN


def _generated_s(job: Job) -> float:
    return job.seconds("running", "storing") or 0.0


def _promised(url: str) -> str:
    """Return the MIME type that a URL's ending, or a data: URL's head, promises; "" without one."""
    if url.startswith("data:"):
        return url[5:100].partition(",")[0].partition(";")[0].lower()
    try:
        return mimetypes.guess_type(urlsplit(url).path)[0] or ""
    except ValueError:
        return ""
