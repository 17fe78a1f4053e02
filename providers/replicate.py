"""Replicate's HTTP API (https://replicate.com/docs/reference/http): create, get, cancel, files, webhooks."""

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO

import httpx
from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from providers.base import (
    Cancelled,
    OutcomeUnknown,
    Prediction,
    Status,
    Submission,
    Throttled,
    WebhookRefused,
)

_STATUS = {
    "starting": Status.QUEUED,
    "processing": Status.RUNNING,
    "succeeded": Status.SUCCEEDED,
    "failed": Status.FAILED,
    "canceled": Status.CANCELLED,
    "aborted": Status.CANCELLED,
}
# Nothing has left for the provider yet when these are raised.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# The address has no scheme, or the token cannot stand in a header: likewise, and no repetition helps.
_NEVER_SENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
# Models write a progress bar to their log; the last figure in it is where they are.
_PERCENT = re.compile(r"(\d{1,3})%")
_MAX_PAGES = 3
# The provider's clock and ours may differ by this much.
_SKEW_S = 30.0
# Not the names of inputs: `safety_tolerance`, "case sensitive".
_REFUSAL = re.compile(r"nsfw|(?<!case.)\bsensitive\b|content polic|\bsafety\b|flagged|moderat", re.IGNORECASE)
# An id goes into paths of the API.
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_UNVERIFIED = (
    WebhookVerificationError,
    EmptyWebhookSecretError,
    ValueError,
    KeyError,
    TypeError,
    RecursionError,
)
# Replicate's 429: "Request was throttled. Your rate limit resets in ~30s."
_RESETS_IN = re.compile(r"resets in ~?(\d+)s")


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
        _raise_for_error(answer)
        try:
            return read(answer.json())
        except (ValueError, KeyError, TypeError) as error:
            raise OutcomeUnknown(f"unreadable answer to a submission: {error!r}") from error

    def get(self, prediction: str) -> Prediction:
        """Look at a prediction."""
        answer = self._repeatable("GET", f"predictions/{prediction}")
        _raise_for_error(answer)
        try:
            return read(answer.json())
        except (ValueError, KeyError, TypeError) as error:
            raise PassingError(f"unreadable prediction: {error!r}") from error

    def find(self, reference: str, values: Mapping[str, Any], since: float) -> Prediction | None:
        """Look through the latest predictions (the list has no inputs, so each candidate is fetched)."""
        name = reference.partition(":")[0]
        try:
            candidates = [row["id"] for row in self._since(since) if row.get("model") == name]
            bodies = [self._body(f"predictions/{candidate}") for candidate in candidates]
            found = [read(body) for body in bodies if values.items() <= (body.get("input") or {}).items()]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
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
        _raise_for_error(answer)
        body: dict[str, Any] = answer.json()
        return body

    def cancel(self, prediction: str) -> Cancelled:
        """Ask Replicate to stop; a prediction that has ended answers with its end."""
        answer = self._repeatable("POST", f"predictions/{prediction}/cancel")
        if answer.status_code == 404:
            return Cancelled.NOT_FOUND
        _raise_for_error(answer)
        try:
            ended = answer.json()["status"] in ("succeeded", "failed")
        except (ValueError, KeyError, TypeError) as error:
            raise PassingError(f"unreadable answer to a cancel: {error!r}") from error
        return Cancelled.TOO_LATE if ended else Cancelled.REQUESTED

    def upload(self, name: str, mime: str, content: BinaryIO) -> str:
        """Put a file into Replicate's file store (free, kept for 24 h); returns its URL."""
        answer = self._repeatable("POST", "files", files={"content": (name, content, mime)})
        _raise_for_error(answer)
        try:
            return str(answer.json()["urls"]["get"])
        except (ValueError, KeyError, TypeError) as error:
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


def verified(secret: str, headers: Mapping[str, str], body: bytes) -> Prediction:
    """The prediction in a webhook of at most 5 min ago that Replicate signed; raises WebhookRefused."""
    if not secret:
        raise WebhookRefused("webhook refused: REPLICATE_WEBHOOK_SECRET is not set")
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
        prediction = read(json.loads(body))
    except _UNVERIFIED as error:
        raise WebhookRefused(f"webhook refused: {error}") from error
    if not _ID.fullmatch(prediction.id):
        raise WebhookRefused("webhook refused: its id is no prediction's")
    return prediction


def read(body: Mapping[str, Any]) -> Prediction:
    """A prediction from the body that GET, create and webhooks share."""
    status = _STATUS.get(body["status"], Status.RUNNING)
    percents = _PERCENT.findall(body.get("logs") or "")
    return Prediction(
        id=str(body["id"]),
        status=status,
        progress=100 if status is Status.SUCCEEDED else min(99, int(percents[-1])) if percents else 0,
        outputs=tuple(urls_in(body.get("output"))),
        error=str(body.get("error") or ""),
        refused=is_refusal(str(body.get("error") or "")),
        created=_moment(body.get("created_at")),
        completed=_moment(body.get("completed_at")),
    )


def _moment(text: Any) -> float | None:
    """Unix seconds of a time in ISO 8601; None for anything else, which is no reason to refuse a result."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        return None


def urls_in(output: Any) -> list[str]:
    """All URLs in an output, which may be a URL, a list, or an object, nested, in order of appearance."""
    if isinstance(output, str):
        return [output] if output.startswith(("http://", "https://", "data:")) else []
    if isinstance(output, Mapping):
        output = list(output.values())
    return [url for part in output for url in urls_in(part)] if isinstance(output, list) else []


def is_refusal(error: str) -> bool:
    """Whether Replicate's words mean that the content was refused, which is the person's to mend."""
    return _REFUSAL.search(error) is not None


def is_local(url: str) -> bool:
    """Whether a base URL names this machine or a private network by its address."""
    host = httpx.URL(url).host
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def _raise_for_error(answer: httpx.Response) -> None:
    """Map an error answer (`{"title", "detail", "status"}`) to passing or final."""
    code = answer.status_code
    if code < 400:
        return
    detail = answer.text[:300]
    if code == 429:
        resets = _RESETS_IN.search(detail)
        advice = answer.headers.get("retry-after", "")
        seconds = advice if advice.isdigit() else resets.group(1) if resets else None
        raise Throttled(f"HTTP 429: {detail}", float(seconds) if seconds else None)
    if code >= 500:
        raise PassingError(f"HTTP {code}: {detail}")
    if code in (401, 402, 403):
        raise JobFailed(Failure.NOT_CONFIGURED, f"HTTP {code}: {detail}")
    if code in (400, 413, 422):
        failure = Failure.REFUSED if is_refusal(detail) else Failure.REJECTED
        raise JobFailed(failure, f"HTTP {code}: {detail}")
    raise JobFailed(Failure.PROVIDER_FAILED, f"HTTP {code}: {detail}")
