"""Replicate's HTTP API (https://replicate.com/docs/reference/http): create, get, cancel, files."""

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, BinaryIO

import httpx

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from providers.base import Cancelled, LookRefused, OutcomeUnknown, Owned, Prediction, Submission
from providers.replicate_answers import UNREADABLE, raise_for_error, read, verified

# Nothing has left for the provider yet when these are raised.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# The address has no scheme, or the token cannot stand in a header: likewise, and no repetition helps.
_NEVER_SENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_MAX_PAGES = 3
# The provider's clock and the ledger's may differ by this much. What else is found so belongs to other jobs.
_SKEW_S = 900.0


class Replicate:
    """See `providers.base.Provider`. One per process; safe to share between threads."""

    name = "replicate"

    def __init__(self, base_url: str, token: str, webhook_secret: str, timeout_s: float, slots: int) -> None:
        self.local = is_local(base_url)
        self._webhook_secret = webhook_secret
        self._http = httpx.Client(
            base_url=base_url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {token}", "User-Agent": "darkroom"},
            timeout=httpx.Timeout(timeout_s, connect=min(5.0, timeout_s)),
            limits=httpx.Limits(max_connections=slots + 8, max_keepalive_connections=slots + 8),
        )

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
            answer = self._http.post(path, json=body, headers=headers)
        except _NOT_SENT as error:
            raise PassingError(f"Replicate cannot be reached: {error}") from error
        except _NEVER_SENT as error:
            raise JobFailed(Failure.NOT_CONFIGURED, f"{type(error).__name__} to a submission") from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown(f"no answer to a submission: {error!r}") from error
        if answer.status_code >= 500:
            raise OutcomeUnknown(f"HTTP {answer.status_code} to a submission")
        raise_for_error(answer)
        try:
            return read(answer.json())
        except UNREADABLE as error:
            raise OutcomeUnknown(f"unreadable answer to a submission: {error!r}") from error

    def get(self, prediction: str) -> Prediction:
        """Look at a prediction."""
        with _paid():
            answer = self._repeatable("GET", f"predictions/{prediction}")
            raise_for_error(answer)
        try:
            return read(answer.json())
        except UNREADABLE as error:
            raise PassingError(f"unreadable prediction: {error!r}") from error

    def find(
        self, reference: str, values: Mapping[str, Any], since: float, owned: Owned
    ) -> Prediction | None:
        """Look through the latest predictions (the list has no inputs, so each candidate is fetched)."""
        name = reference.partition(":")[0]
        try:
            listed = [row["id"] for row in self._since(since) if row.get("model") == name]
            others = owned(listed)
            bodies = [self._body(f"predictions/{each}") for each in listed if each not in others]
            found = [read(body) for body in bodies if values.items() <= (body.get("input") or {}).items()]
        except UNREADABLE as error:
            raise PassingError(f"unreadable list of predictions: {error!r}") from error
        return found[0] if len(found) == 1 else None

    def _since(self, since: float) -> Iterator[dict[str, Any]]:
        """The rows of the list, newest first, back to a time."""
        path = "predictions"
        for _ in range(_MAX_PAGES):
            page = self._body(path)
            for row in page["results"]:
                if datetime.fromisoformat(row["created_at"]).timestamp() < since - _SKEW_S:
                    return
                yield row
            path = page.get("next") or ""
            if not path:
                return

    def _body(self, path: str) -> dict[str, Any]:
        answer = self._repeatable("GET", path)
        raise_for_error(answer)
        body: dict[str, Any] = answer.json()
        return body

    def cancel(self, prediction: str) -> Cancelled:
        """Ask Replicate to stop; a prediction that has ended answers with its end."""
        with _paid():
            answer = self._repeatable("POST", f"predictions/{prediction}/cancel")
            if answer.status_code == 404:
                return Cancelled.NOT_FOUND
            raise_for_error(answer)
        try:
            ended = answer.json()["status"] in ("succeeded", "failed")
        except UNREADABLE as error:
            raise PassingError(f"unreadable answer to a cancel: {error!r}") from error
        return Cancelled.TOO_LATE if ended else Cancelled.REQUESTED

    def upload(self, name: str, mime: str, content: BinaryIO) -> str:
        """Put a file into Replicate's file store (free, kept for 24 h); returns its URL."""
        answer = self._repeatable("POST", "files", files={"content": (name, content, mime)})
        raise_for_error(answer)
        try:
            return str(answer.json()["urls"]["get"])
        except UNREADABLE as error:
            raise PassingError(f"unreadable answer to an upload: {error!r}") from error

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Prediction:
        """Verify the Standard Webhooks signature (at most 5 min old) and read the prediction."""
        return verified(self._webhook_secret, headers, body)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _repeatable(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **kwargs)
        except _NEVER_SENT as error:
            raise JobFailed(Failure.NOT_CONFIGURED, f"{type(error).__name__} to a {method}") from error
        except httpx.HTTPError as error:
            raise PassingError(f"{method} {path.partition('/')[0]}: {error!r}") from error


@contextmanager
def _paid() -> Iterator[None]:
    """Around calls about a prediction that is paid for: what refuses them is passing."""
    try:
        yield
    except JobFailed as error:
        raise LookRefused(error) from error


def is_local(url: str) -> bool:
    """Whether a base URL names this machine or a private network by its address."""
    host = httpx.URL(url).host
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"
