"""The calls that create predictions."""

import asyncio
import json
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stand.provider import models
from stand.provider.http.call import Call
from stand.provider.http.errors import Problem, bad_request
from stand.provider.predictions import Prediction

LONGEST_WAIT_S = 60
EVENTS = frozenset({"start", "output", "logs", "completed"})
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


async def create_by_version(call: Call) -> Response:
    """`POST /v1/predictions`."""
    body = await _body(call.request, {"version", "input", "webhook", "webhook_events_filter", "stream"})
    return await _create(call, models.by_version(body.get("version")), body)


async def create_by_model(call: Call) -> Response:
    """`POST /v1/models/{owner}/{name}/predictions`."""
    model = models.by_name(call.request.path_params["owner"], call.request.path_params["name"])
    body = await _body(call.request, {"input", "webhook", "webhook_events_filter", "stream"})
    return await _create(call, model, body)


async def _create(call: Call, model: models.Model, body: dict[str, Any]) -> Response:
    given = model.check(body.get("input"))
    webhook, events = _webhook(body)
    deadline = _deadline(call.request.headers.get("cancel-after"))
    wait = _wait_seconds(call.request.headers.get("prefer", ""))
    keys = parse_qs(urlsplit(webhook or "").query).get("job")
    prediction = Prediction(
        model=model,
        input=given,
        account=call.account,
        key=keys[0] if keys else call.request.headers.get("x-darkroom-job", given["prompt"]),
        latency=call.stand.runner.latency(model),
        seed=given["seed"] if "seed" in given else call.stand.runner.new_seed(),
        webhook=webhook,
        events=events,
        deadline=deadline,
        fault=call.stand.faults.take("prediction", given["prompt"]),
    )
    call.stand.predictions.add(prediction)
    call.stand.submissions.count(prediction)
    call.stand.runner.begin(prediction)
    if wait:
        try:
            async with asyncio.timeout(wait):
                await prediction.ended.wait()
        except TimeoutError:
            return _shown(call, prediction, 202)
    return _shown(call, prediction, 201)


def _shown(call: Call, prediction: Prediction, status: int) -> Response:
    return JSONResponse(prediction.json(call.stand.base_url, call.stand.settings.ttl_s), status_code=status)


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


def prompt_of(body: bytes) -> str:
    """Return the prompt in the body of a create call; "" if there is none."""
    try:
        found = json.loads(body)["input"]["prompt"]
    except (ValueError, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""
