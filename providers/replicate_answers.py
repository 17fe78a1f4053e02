"""What Replicate says, read: predictions, webhooks, refusals, errors. Nothing here asks it."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from providers.base import Prediction, Status, Throttled, WebhookRefused

_STATUS = {
    "starting": Status.QUEUED,
    "processing": Status.RUNNING,
    "succeeded": Status.SUCCEEDED,
    "failed": Status.FAILED,
    "canceled": Status.CANCELLED,
    "aborted": Status.CANCELLED,
}
# Models write a progress bar to their log; the last figure in it is where they are.
_PERCENT = re.compile(r"(\d{1,3})%")
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


def raise_for_error(answer: httpx.Response) -> None:
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
