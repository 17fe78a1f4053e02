"""Replicate's HTTP API (https://replicate.com/docs/reference/http): create, get, cancel, files."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from outside.addresses import is_local
from outside.api import Api, ApiAnswer
from outside.errors import Broken, Left, NotSendable, NotSent, bare
from providers.base import Cancelled, LookRefused, OutcomeUnknown, Owned, Prediction, Submission
from providers.replicate_answers import UNREADABLE, prediction_id, raise_for_error, read

_MAX_PAGES = 3
_MAX_ROWS = 100
# The provider's clock and the ledger's may differ by this much. What else is found so belongs to other jobs.
_SKEW_S = 900.0
_LINK = re.compile(r"https?://[\x21-\x7e]{1,2000}")
_CURSOR = re.compile(r"[\x21-\x7e]{1,500}")


class Replicate:
    """See `providers.base.Provider`. One per process; safe to share between threads."""

    name = "replicate"

    def __init__(self, base_url: str, token: str, timeout_s: float, slots: int) -> None:
        self.local = is_local(base_url)
        self._api = Api(base_url, {"Authorization": f"Bearer {token}"}, timeout_s, slots + 8)

    def submit(self, submission: Submission) -> Prediction:
        """Start a prediction. 429 and a refused connection are passing, a broken answer is unknown."""
        owner_and_name, _, version = submission.reference.partition(":")
        path = "predictions" if version else f"models/{owner_and_name}/predictions"
        body: dict[str, Any] = {"input": dict(submission.input)}
        if version:
            body["version"] = version
        if submission.webhook:
            body |= {"webhook": submission.webhook, "webhook_events_filter": ["start", "completed"]}
        headers = {"Cancel-After": f"{max(5, round(submission.deadline_s))}s"}
        try:
            with self._api.asked("POST", path, content=body, headers=headers) as answer:
                if answer.status >= 500:
                    raise OutcomeUnknown(f"HTTP {answer.status} to a submission")
                raise_for_error(answer)
                return _prediction(answer)
        except NotSendable as error:
            raise JobFailed(Failure.NOT_CONFIGURED, f"a submission cannot be sent: {error}") from bare(error)
        except NotSent as error:
            raise PassingError(f"Replicate cannot be reached: {error}") from bare(error)
        except Broken as error:
            raise OutcomeUnknown(f"no answer to a submission: {error!r}") from bare(error)
        except UNREADABLE as error:
            raise OutcomeUnknown(f"unreadable answer to a submission: {error!r}") from bare(error)

    def get(self, prediction: str) -> Prediction:
        """Look at a prediction."""
        with _paid(), self._repeatable("GET", f"predictions/{prediction}") as answer:
            raise_for_error(answer)
            found = _prediction(answer)
            if found.id != prediction:
                raise ValueError("another prediction than the one asked for")
            return found

    def find(
        self, reference: str, values: Mapping[str, Any], since: float, owned: Owned
    ) -> Prediction | None:
        """Look through the latest predictions (the list has no inputs, so each candidate is fetched)."""
        name = reference.partition(":")[0]
        try:
            listed = [prediction_id(row) for row in self._since(since) if row.get("model") == name]
            others = owned(listed)
            bodies = [self._body(f"predictions/{each}") for each in listed if each not in others]
            found = [read(body) for body in bodies if values.items() <= (body.get("input") or {}).items()]
        except UNREADABLE as error:
            raise PassingError(f"unreadable list of predictions: {error!r}") from bare(error)
        return found[0] if len(found) == 1 else None

    def _since(self, since: float) -> Iterator[dict[str, Any]]:
        """The rows of the list, newest first, back to a time."""
        cursor = None
        for _ in range(_MAX_PAGES):
            page = self._body("predictions", {"cursor": cursor} if cursor else None)
            for row in page["results"][:_MAX_ROWS]:
                if datetime.fromisoformat(row["created_at"]).timestamp() < since - _SKEW_S:
                    return
                yield row
            if not page.get("next"):
                return
            # The address in it may be anybody's.
            (cursor,) = parse_qs(urlsplit(page["next"]).query)["cursor"]
            if not _CURSOR.fullmatch(cursor):
                raise ValueError("a cursor that is none")

    def _body(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        with self._repeatable("GET", path, params=params) as answer:
            raise_for_error(answer)
            body: dict[str, Any] = answer.json()
            return body

    def cancel(self, prediction: str) -> Cancelled:
        """Ask Replicate to stop; a prediction that has ended answers with its end."""
        with _paid(), self._repeatable("POST", f"predictions/{prediction}/cancel") as answer:
            if answer.status == 404:
                return Cancelled.NOT_FOUND
            raise_for_error(answer)
            ended = answer.json()["status"] in ("succeeded", "failed")
        return Cancelled.TOO_LATE if ended else Cancelled.REQUESTED

    def upload(self, name: str, mime: str, content: BinaryIO) -> str:
        """Put a file into Replicate's file store (free, kept for 24 h); returns its URL."""
        with self._repeatable("POST", "files", file=(name, content, mime)) as answer:
            raise_for_error(answer)
            url = answer.json()["urls"]["get"]
            if not _LINK.fullmatch(url):
                raise ValueError("a file's address that is none")
            return str(url)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    @contextmanager
    def _repeatable(self, method: str, path: str, **more: Any) -> Iterator[ApiAnswer]:
        """A call that does no harm if it is made again; so may be what goes wrong in the block.

        A wish to stop is what it was, as nothing is lost with the answer.
        """
        name = f"{method} {path.partition('/')[0]}"
        try:
            with self._api.asked(method, path, **more) as answer:
                yield answer
        except NotSendable as error:
            raise JobFailed(Failure.NOT_CONFIGURED, f"{name} cannot be sent: {error}") from bare(error)
        except Left as left:
            raise left.reason from bare(left)
        except (NotSent, Broken) as error:
            raise PassingError(f"{name}: {error!r}") from bare(error)
        except UNREADABLE as error:
            raise PassingError(f"{name}: unreadable answer: {error!r}") from bare(error)


def _prediction(answer: ApiAnswer) -> Prediction:
    found = read(answer.json())
    answer.keep(sum(map(len, found.outputs)))
    return found


@contextmanager
def _paid() -> Iterator[None]:
    """Around calls about a prediction that is paid for: what refuses them is passing."""
    try:
        yield
    except JobFailed as error:
        raise LookRefused(error) from bare(error)
