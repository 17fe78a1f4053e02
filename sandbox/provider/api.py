"""The calls under /v1, each as `call(stand, request, account) -> Response`."""

import asyncio
import base64
import hashlib
import json
import re
import time
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.provider import models
from sandbox.provider.errors import Problem, bad_request
from sandbox.provider.predictions import Prediction
from sandbox.provider.stand import Stand

PAGE = 100
LONGEST_WAIT_S = 60
EVENTS = frozenset({"start", "output", "logs", "completed"})
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


async def create_by_version(stand: Stand, request: Request, account: str) -> Response:
    """`POST /v1/predictions`."""
    body = await _body(request, {"version", "input", "webhook", "webhook_events_filter", "stream"})
    return await _create(stand, request, account, models.by_version(body.get("version")), body)


async def create_by_model(stand: Stand, request: Request, account: str) -> Response:
    """`POST /v1/models/{owner}/{name}/predictions`."""
    model = models.by_name(request.path_params["owner"], request.path_params["name"])
    body = await _body(request, {"input", "webhook", "webhook_events_filter", "stream"})
    return await _create(stand, request, account, model, body)


async def _create(
    stand: Stand, request: Request, account: str, model: models.Model, body: dict[str, Any]
) -> Response:
    given = model.check(body.get("input"))
    webhook, events = _webhook(body)
    deadline = _deadline(request.headers.get("cancel-after"))
    wait = _wait_seconds(request.headers.get("prefer", ""))
    keys = parse_qs(urlsplit(webhook or "").query).get("job")
    prediction = Prediction(
        model=model,
        input=given,
        account=account,
        key=keys[0] if keys else request.headers.get("x-darkroom-job", given["prompt"]),
        latency=stand.runner.latency(model),
        seed=given["seed"] if "seed" in given else stand.runner.new_seed(),
        webhook=webhook,
        events=events,
        deadline=deadline,
        fault=stand.faults.take("prediction", given["prompt"]),
    )
    stand.predictions.add(prediction)
    stand.submissions.count(prediction)
    stand.runner.begin(prediction)
    if wait:
        try:
            async with asyncio.timeout(wait):
                await prediction.ended.wait()
        except TimeoutError:
            return _shown(stand, prediction, 202)
    return _shown(stand, prediction, 201)


async def get_prediction(stand: Stand, request: Request, account: str) -> Response:
    """`GET /v1/predictions/{id}`."""
    prediction = stand.predictions.get(request.path_params["id"], account)
    prediction.gets += 1
    return _shown(stand, prediction, 200)


async def cancel_prediction(stand: Stand, request: Request, account: str) -> Response:
    """`POST /v1/predictions/{id}/cancel`; one that has ended is shown as it ended."""
    prediction = stand.predictions.get(request.path_params["id"], account)
    stand.runner.end(prediction, "canceled")
    return _shown(stand, prediction, 200)


async def list_predictions(stand: Stand, request: Request, account: str) -> Response:
    """`GET /v1/predictions`: 100 a page, newest first, with no input shown."""
    after, before = _moment(request, "created_after"), _moment(request, "created_before")
    mine = [
        prediction
        for prediction in stand.predictions
        if prediction.account == account
        and (after is None or prediction.created_at >= after)
        and (before is None or prediction.created_at < before)
    ]
    mine.reverse()
    at, back = _cursor(request.query_params.get("cursor"))
    if back:
        newer = [p for p in mine if at is not None and p.number > at]
        page = newer[-PAGE:]
    else:
        page = [p for p in mine if at is None or p.number < at][:PAGE]
    has_newer = bool(page) and page[0] is not mine[0]
    has_older = bool(page) and page[-1] is not mine[-1]
    shown = [p.json(stand.base_url, stand.settings.ttl_s) | {"input": {}} for p in page]
    return JSONResponse(
        {
            "previous": _page_url(stand, request, f"r=1&p={page[0].number}") if has_newer else None,
            "next": _page_url(stand, request, f"p={page[-1].number}") if has_older else None,
            "results": shown,
        }
    )


async def list_models(stand: Stand, request: Request, account: str) -> Response:
    """`GET /v1/models`."""
    shown = [m.json(stand.base_url, stand.submissions.of_model(m.ref)) for m in models.MODELS]
    return JSONResponse({"previous": None, "next": None, "results": shown})


async def get_model(stand: Stand, request: Request, account: str) -> Response:
    """`GET /v1/models/{owner}/{name}`."""
    model = models.by_name(request.path_params["owner"], request.path_params["name"])
    return JSONResponse(model.json(stand.base_url, stand.submissions.of_model(model.ref)))


async def list_versions(stand: Stand, request: Request, account: str) -> Response:
    """`GET /v1/models/{owner}/{name}/versions`."""
    model = models.by_name(request.path_params["owner"], request.path_params["name"])
    return JSONResponse({"previous": None, "next": None, "results": [model.version_json()]})


async def get_version(stand: Stand, request: Request, account: str) -> Response:
    """`GET /v1/models/{owner}/{name}/versions/{id}`."""
    model = models.by_name(request.path_params["owner"], request.path_params["name"])
    if request.path_params["id"] != model.version:
        raise models.not_found()
    return JSONResponse(model.version_json())


async def get_account(stand: Stand, request: Request, account: str) -> Response:
    """`GET /v1/account`: the name is made of the token's hash."""
    return JSONResponse({"type": "user", "username": username(account), "name": "A user of the stand"})


async def webhook_secret(stand: Stand, request: Request, account: str) -> Response:
    """`GET /v1/webhooks/default/secret`."""
    return JSONResponse({"key": stand.webhooks.secret})


def username(account: str) -> str:
    """The public name of the account of that token."""
    return f"sketcher-{hashlib.sha256(account.encode()).hexdigest()[:8]}"


def _shown(stand: Stand, prediction: Prediction, status: int) -> Response:
    return JSONResponse(prediction.json(stand.base_url, stand.settings.ttl_s), status_code=status)


async def _body(request: Request, known: set[str]) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise bad_request("The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise bad_request("The request body must be a JSON object")
    if unknown := set(body) - known - {"webhook_completed"}:
        raise bad_request(f"Unknown field: {', '.join(sorted(unknown))}")
    return body


def _webhook(body: dict[str, Any]) -> tuple[str | None, frozenset[str]]:
    webhook, events = body.get("webhook"), body.get("webhook_events_filter") or []
    if webhook is not None and urlsplit(str(webhook)).scheme not in ("http", "https"):
        raise Problem(422, "Invalid webhook", "- webhook must be a valid HTTP or HTTPS URL\n")
    if not isinstance(events, list) or not EVENTS.issuperset(map(str, events)):
        allowed = ", ".join(sorted(EVENTS))
        detail = f"- webhook_events_filter must be a list of some of: {allowed}\n"
        raise Problem(422, "Invalid webhook", detail)
    return webhook, frozenset(events)


def _deadline(header: str | None) -> float | None:
    if header is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", header.strip())
    seconds = float(match[1]) * UNITS[match[2]] if match else 0.0
    if seconds < 5:
        raise bad_request("Cancel-After takes a duration of 5 seconds or more, such as 30s, 5m or 1h")
    return time.time() + seconds


def _wait_seconds(prefer: str) -> int:
    match = re.search(r"\bwait(?:=(\d+))?", prefer)
    if match is None:
        return 0
    seconds = int(match[1] or LONGEST_WAIT_S)
    if not 1 <= seconds <= LONGEST_WAIT_S:
        raise bad_request(f"Prefer: wait takes 1 to {LONGEST_WAIT_S} seconds")
    return seconds


def _moment(request: Request, name: str) -> float | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise bad_request(f"{name} takes an ISO 8601 date-time") from None


def _cursor(text: str | None) -> tuple[int | None, bool]:
    if text is None:
        return None, False
    try:
        fields = parse_qs(base64.urlsafe_b64decode(text.encode()).decode(), strict_parsing=True)
        return int(fields["p"][0]), "r" in fields
    except (ValueError, KeyError):
        raise Problem(404, "Not found", "Invalid cursor") from None


def _page_url(stand: Stand, request: Request, position: str) -> str:
    query = dict(request.query_params) | {"cursor": base64.urlsafe_b64encode(position.encode()).decode()}
    return f"{stand.base_url}{request.url.path}?{urlencode(query)}"


def prompt_of(body: bytes) -> str:
    """The prompt in a create call's body, "" where there is none."""
    try:
        found = json.loads(body)["input"]["prompt"]
    except (ValueError, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""
