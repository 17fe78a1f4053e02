"""The control API for tests, the chaos checker and load runs. It asks for no token."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stand.provider.faults import KINDS, Fault
from stand.provider.http import api
from stand.provider.http.call import Call
from stand.provider.http.errors import bad_request
from stand.provider.predictions import ENDED, Prediction
from stand.provider.stand import Stand

FINISH_S = 20.0
Function = Callable[[Call], Awaitable[Any]]


def routes(stand: Stand) -> list[Route]:
    """Return the routes under /control."""

    def route(method: str, path: str, function: Function) -> Route:
        async def answer(request: Request) -> Response:
            try:
                return JSONResponse(await function(Call(stand, request)))
            except ValueError as error:
                raise bad_request(str(error)) from error

        return Route(path, answer, methods=[method])

    return [
        route("GET", "/submissions", _submissions),
        route("GET", "/settings", _settings),
        route("POST", "/settings", _change_settings),
        route("GET", "/faults", _faults),
        route("POST", "/faults", _order_fault),
        route("DELETE", "/faults", _clear_faults),
        route("GET", "/predictions", _predictions),
        route("POST", "/predictions/{id}", _finish),
        route("POST", "/predictions/{id}/webhook", _webhook),
        route("GET", "/calls", _calls),
        route("GET", "/downloads", _downloads),
        route("GET", "/webhooks", _webhooks),
        route("GET", "/files", _files),
    ]


async def _submissions(call: Call) -> Any:
    return call.stand.submissions.json(call.request.query_params.get("key"))


async def _settings(call: Call) -> Any:
    return dataclasses.asdict(call.stand.settings)


async def _change_settings(call: Call) -> Any:
    held = call.stand.settings.hold
    call.stand.settings.change(await _object(call.request))
    call.stand.limits.forget()
    call.stand.places.admit()
    if held and not call.stand.settings.hold:
        call.stand.release_all()
    return dataclasses.asdict(call.stand.settings)


async def _faults(call: Call) -> Any:
    return call.stand.faults.json()


async def _order_fault(call: Call) -> Any:
    call.stand.faults.order(Fault.read(await _object(call.request)))
    return call.stand.faults.json()


async def _clear_faults(call: Call) -> Any:
    call.stand.faults.clear()
    return []


async def _predictions(call: Call) -> Any:
    return [_shown(call.stand, prediction) for prediction in call.stand.predictions]


async def _finish(call: Call) -> Any:
    prediction = call.stand.predictions.get(call.request.path_params["id"])
    order = await _object(call.request)
    progress, status = order.get("progress"), order.get("status")
    if progress is not None:
        if isinstance(progress, bool) or not isinstance(progress, int | float) or not 0 <= progress <= 1:
            raise ValueError("'progress' is a share from 0 to 1")
        prediction.progress = float(progress)
    if status == "succeeded":
        prediction.released.set()
        async with asyncio.timeout(FINISH_S):
            await prediction.ended.wait()
    elif status in ENDED:
        error = order.get("error", "Prediction failed.") if status == "failed" else None
        call.stand.runner.end(prediction, status, error=error)
    elif status is not None:
        raise ValueError(f"'status' is one of {', '.join(sorted(ENDED))}")
    return _shown(call.stand, prediction)


async def _webhook(call: Call) -> Any:
    prediction = call.stand.predictions.get(call.request.path_params["id"])
    order = await _object(call.request)
    how, event = order.get("how", "resend"), order.get("event", "completed")
    if how != "resend" and how not in KINDS["webhook"]:
        raise ValueError(f"'how' is one of resend, {', '.join(sorted(KINDS['webhook']))}")
    seconds = order.get("seconds", 1.0)
    fault = None if how == "resend" else Fault(kind=how, on="webhook", seconds=float(seconds))
    call.stand.webhooks.send(prediction, event, fault)
    return _shown(call.stand, prediction)


async def _calls(call: Call) -> Any:
    calls: dict[str, dict[str, int]] = {}
    for (name, status), count in sorted(call.stand.calls.items()):
        calls.setdefault(name, {})[str(status)] = count
    return {"calls": calls, "gets": {p.id: p.gets for p in call.stand.predictions}}


async def _downloads(call: Call) -> Any:
    return list(call.stand.outputs.downloads)


async def _webhooks(call: Call) -> Any:
    return list(call.stand.webhooks.sent)


async def _files(call: Call) -> Any:
    return [
        file.json(call.stand.base_url)
        | {"download": call.stand.files.signed_url(file, api.username(file.account))}
        for file in call.stand.files
    ]


def _shown(stand: Stand, prediction: Prediction) -> dict[str, Any]:
    more = {
        "key": prediction.key,
        "latency": prediction.latency,
        "gets": prediction.gets,
        "seed": prediction.seed,
    }
    return prediction.json(stand.base_url, stand.settings.ttl_s) | more


async def _object(request: Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict):
        raise ValueError("send a JSON object")
    return body
