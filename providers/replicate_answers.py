"""What Replicate says, read: predictions, webhooks, refusals, errors. Nothing here asks it."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

import httpx
from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from jobs.errors import JobFailed, PassingError
from providers import blame
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
# Outputs that only go with another one.
_BESIDE = re.compile("thumb|preview|poster|mask|depth|audio|metadata", re.IGNORECASE)
# An id goes into paths of the API.
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading raises where an answer is not what it should be."""
_UNVERIFIED = (WebhookVerificationError, EmptyWebhookSecretError, *UNREADABLE)
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
    logs, output, error = body.get("logs"), body.get("output"), str(body.get("error") or "")
    # The bar is an ornament: logs that are no text are no reason to refuse a result.
    percents = _PERCENT.findall(logs) if isinstance(logs, str) else []
    return Prediction(
        id=str(body["id"]),
        status=status,
        progress=100 if status is Status.SUCCEEDED else min(99, int(percents[-1])) if percents else 0,
        outputs=tuple(url for _, url in sorted(_urls(output), key=itemgetter(0))),
        error=error,
        failure=blame.of_error(error) if status is Status.FAILED else None,
        created=_moment(body.get("created_at")),
        completed=_moment(body.get("completed_at")),
        pending=status is Status.SUCCEEDED and _is_blank(output) and body.get("data_removed") is not True,
    )


def _moment(text: Any) -> float | None:
    """Unix seconds of a time in ISO 8601; None for anything else, which is no reason to refuse a result."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        return None


def urls_in(output: Any) -> list[str]:
    """All URLs in an output, which may be a URL, a list, or an object, nested, in order of appearance."""
    return [url for _, url in _urls(output)]


def _urls(output: Any, beside: bool = False) -> Iterator[tuple[bool, str]]:
    """Each URL in an output, and whether it stands under the name of something that goes with the result."""
    if isinstance(output, str) and output.startswith(("http://", "https://", "data:")):
        yield beside, output
    elif isinstance(output, Mapping):
        for name, part in output.items():
            yield from _urls(part, beside or _BESIDE.search(str(name)) is not None)
    elif isinstance(output, list):
        for part in output:
            yield from _urls(part, beside)


def _is_blank(output: Any) -> bool:
    """Whether an output holds nothing at all, rather than something that is no URL."""
    parts = output.values() if isinstance(output, Mapping) else output
    return output in (None, "") or (isinstance(output, Mapping | list) and all(map(_is_blank, parts)))


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
    raise JobFailed(blame.of_answer(code, answer.text), f"HTTP {code}: {detail}")
