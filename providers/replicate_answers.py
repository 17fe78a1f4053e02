"""Reading what Replicate sends: predictions, webhooks, refusals, errors. Nothing here makes a call."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from jobs.errors import JobFailed, PassingError
from outside.api import ApiAnswer
from outside.client import advised_s
from outside.shape import clean, parsed
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
# Models write a progress bar to their log. The last percentage in the log is the progress.
_PERCENT = re.compile(r"(\d{1,3})%")
# Names of outputs that only accompany a result.
_BESIDE = re.compile("thumb|preview|poster|mask|depth|audio|metadata", re.IGNORECASE)
# Ids become part of URL paths, so their characters are checked.
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError)
"""The errors that reading a malformed response raises."""
_UNVERIFIED = (WebhookVerificationError, EmptyWebhookSecretError, *UNREADABLE)
# Replicate's 429: "Request was throttled. Your rate limit resets in ~30s."
_RESETS_IN = re.compile(r"resets in ~?([0-9]{1,6})s")
_LOOKED_AT = 4000
"""Characters that are read at the end of a log, and at both ends of an error message."""
_LONGEST_S = 7 * 86400
"""Upper bound of a prediction's duration. Times further apart than this are not believed."""


def verified(secret: str, headers: Mapping[str, str], body: bytes) -> Prediction:
    """Return the prediction in a webhook that Replicate signed within the last 5 min.

    Raises:
        WebhookRefused: The signature is wrong or too old, there is no secret, or the body is no prediction.
    """
    if not secret:
        raise WebhookRefused("webhook refused: REPLICATE_WEBHOOK_SECRET is not set")
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
        return read(parsed(body))
    except _UNVERIFIED as error:
        raise WebhookRefused(f"webhook refused: {error}") from error


def prediction_id(body: Mapping[str, Any]) -> str:
    """Return the id of a prediction or of a row of the list. Raises UNREADABLE if it is not a valid id."""
    if not _ID.fullmatch(body["id"]):
        raise ValueError("an id that is no prediction's")
    return str(body["id"])


def read(body: Mapping[str, Any]) -> Prediction:
    """Return the prediction in a JSON body. GET, create and webhooks share its format. Raises UNREADABLE."""
    status = _STATUS.get(body["status"], Status.RUNNING)
    logs, output, error = body.get("logs"), body.get("output"), _error(body.get("error"))
    # Progress is optional: logs that are not text are no reason to refuse a result.
    percents = _PERCENT.findall(logs[-_LOOKED_AT:]) if isinstance(logs, str) else []
    created, completed = _moment(body.get("created_at")), _moment(body.get("completed_at"))
    if created is not None and completed is not None and not 0 <= completed - created <= _LONGEST_S:
        completed = None
    return Prediction(
        id=prediction_id(body),
        status=status,
        progress=100 if status is Status.SUCCEEDED else min(99, int(percents[-1])) if percents else 0,
        outputs=tuple(url for _, url in sorted(_urls(output), key=itemgetter(0))),
        error=error,
        failure=blame.of_error(error) if status is Status.FAILED else None,
        created=created,
        completed=completed,
        pending=status is Status.SUCCEEDED and _is_blank(output) and body.get("data_removed") is not True,
    )


def _error(said: Any) -> str:
    """Return the error message as text, without its middle if it is long."""
    error = clean(str(said or ""))
    if len(error) > 2 * _LOOKED_AT:
        error = f"{error[:_LOOKED_AT]} ... {error[-_LOOKED_AT:]}"
    return error


def _moment(text: Any) -> float | None:
    """Return an ISO 8601 time in Unix seconds. Return None for anything else: a result counts without it."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError, ArithmeticError, OSError):
        return None


def urls_in(output: Any) -> list[str]:
    """Return all URLs in an output, in order. An output is a URL, or a list or object of outputs."""
    return [url for _, url in _urls(output)]


def _urls(output: Any, beside: bool = False) -> Iterator[tuple[bool, str]]:
    """Yield each URL in an output, and whether its name says that it only accompanies the result."""
    if isinstance(output, str) and output.startswith(("http://", "https://", "data:")):
        yield beside, output
    elif isinstance(output, Mapping):
        for name, part in output.items():
            yield from _urls(part, beside or _BESIDE.search(str(name)) is not None)
    elif isinstance(output, list):
        for part in output:
            yield from _urls(part, beside)


def _is_blank(output: Any) -> bool:
    """Return whether an output is empty, as opposed to holding values that are not URLs."""
    parts = output.values() if isinstance(output, Mapping) else output
    return output in (None, "") or (isinstance(output, Mapping | list) and all(map(_is_blank, parts)))


def raise_for_error(answer: ApiAnswer) -> None:
    """Raise the error that an HTTP error response (`{"title", "detail", "status"}`) stands for.

    Raises:
        Throttled: HTTP 429; it names the seconds to wait, if the response does.
        PassingError: HTTP 5xx.
        JobFailed: Any other status from 400.
    """
    code = answer.status
    if code < 400:
        return
    text = answer.text()
    detail = text[:300]
    if code == 429:
        resets = _RESETS_IN.search(detail)
        seconds = advised_s(answer.headers)
        raise Throttled(f"HTTP 429: {detail}", float(resets[1]) if resets and seconds is None else seconds)
    if code >= 500:
        raise PassingError(f"HTTP {code}: {detail}")
    raise JobFailed(blame.of_answer(code, text), f"HTTP {code}: {detail}")
