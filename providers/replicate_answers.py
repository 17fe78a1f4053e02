"""What Replicate says, read: predictions, webhooks, refusals, errors. Nothing here asks it."""

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
# Models write a progress bar to their log; the last figure in it is where they are.
_PERCENT = re.compile(r"(\d{1,3})%")
# Outputs that only go with another one.
_BESIDE = re.compile("thumb|preview|poster|mask|depth|audio|metadata", re.IGNORECASE)
# An id goes into paths of the API.
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError)
"""What reading raises where an answer is not what it should be."""
_UNVERIFIED = (WebhookVerificationError, EmptyWebhookSecretError, *UNREADABLE)
# Replicate's 429: "Request was throttled. Your rate limit resets in ~30s."
_RESETS_IN = re.compile(r"resets in ~?([0-9]{1,6})s")
_LOOKED_AT = 4000
"""Characters at the end of a log, and at both ends of an error, that are read."""
_LONGEST_S = 7 * 86400
"""No prediction takes longer, whatever its clocks say."""


def verified(secret: str, headers: Mapping[str, str], body: bytes) -> Prediction:
    """The prediction in a webhook of at most 5 min ago that Replicate signed; raises WebhookRefused."""
    if not secret:
        raise WebhookRefused("webhook refused: REPLICATE_WEBHOOK_SECRET is not set")
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
        return read(parsed(body))
    except _UNVERIFIED as error:
        raise WebhookRefused(f"webhook refused: {error}") from error


def prediction_id(body: Mapping[str, Any]) -> str:
    """The id in a prediction or in a row of the list; ValueError or TypeError where it is none."""
    if not _ID.fullmatch(body["id"]):
        raise ValueError("an id that is no prediction's")
    return str(body["id"])


def read(body: Mapping[str, Any]) -> Prediction:
    """A prediction from the body that GET, create and webhooks share; raises UNREADABLE."""
    status = _STATUS.get(body["status"], Status.RUNNING)
    logs, output, error = body.get("logs"), body.get("output"), _error(body.get("error"))
    # The bar is an ornament: logs that are no text are no reason to refuse a result.
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
    """What it says of a failure, with its middle left out where that is long."""
    error = clean(str(said or ""))
    if len(error) > 2 * _LOOKED_AT:
        error = f"{error[:_LOOKED_AT]} ... {error[-_LOOKED_AT:]}"
    return error


def _moment(text: Any) -> float | None:
    """Unix seconds of a time in ISO 8601; None for anything else, which is no reason to refuse a result."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError, ArithmeticError, OSError):
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


def raise_for_error(answer: ApiAnswer) -> None:
    """Map an error answer (`{"title", "detail", "status"}`) to passing or final."""
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
