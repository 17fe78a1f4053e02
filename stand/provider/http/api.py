"""The calls under /v1 that create no prediction, each as a function of a `Call`."""

import base64
import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stand.provider import models
from stand.provider.http.call import Call
from stand.provider.http.errors import Problem, bad_request, not_found
from stand.provider.predictions import Prediction, moment
from stand.provider.stand import Stand

PAGE = 100


async def get_prediction(call: Call) -> Response:
    """`GET /v1/predictions/{id}`."""
    prediction = call.stand.predictions.get(call.request.path_params["id"], call.account)
    prediction.gets += 1
    return _shown(call.stand, prediction, 200)


async def cancel_prediction(call: Call) -> Response:
    """`POST /v1/predictions/{id}/cancel`; a prediction that has ended stays as it is."""
    prediction = call.stand.predictions.get(call.request.path_params["id"], call.account)
    call.stand.runner.end(prediction, "canceled")
    return _shown(call.stand, prediction, 200)


async def list_predictions(call: Call) -> Response:
    """`GET /v1/predictions`: 100 per page, newest first, without inputs."""
    after, before = _moment(call.request, "created_after"), _moment(call.request, "created_before")
    mine = [
        prediction
        for prediction in call.stand.predictions
        if prediction.account == call.account
        and (after is None or moment(prediction.created_at) >= after)
        and (before is None or moment(prediction.created_at) < before)
    ]
    mine.reverse()
    at, back = _cursor(call.request.query_params.get("cursor"))
    if back:
        newer = [p for p in mine if at is not None and p.number > at]
        page = newer[-PAGE:]
    else:
        page = [p for p in mine if at is None or p.number < at][:PAGE]
    has_newer = bool(page) and page[0] is not mine[0]
    has_older = bool(page) and page[-1] is not mine[-1]
    shown = [p.json(call.stand.base_url, call.stand.settings.ttl_s) | {"input": {}} for p in page]
    return JSONResponse(
        {
            "previous": _page_url(call, f"r=1&p={page[0].number}") if has_newer else None,
            "next": _page_url(call, f"p={page[-1].number}") if has_older else None,
            "results": shown,
        }
    )


async def list_models(call: Call) -> Response:
    """`GET /v1/models`."""
    shown = [m.json(call.stand.base_url, call.stand.submissions.of_model(m.ref)) for m in models.MODELS]
    return JSONResponse({"previous": None, "next": None, "results": shown})


async def get_model(call: Call) -> Response:
    """`GET /v1/models/{owner}/{name}`."""
    model = models.by_name(call.request.path_params["owner"], call.request.path_params["name"])
    return JSONResponse(model.json(call.stand.base_url, call.stand.submissions.of_model(model.ref)))


async def list_versions(call: Call) -> Response:
    """`GET /v1/models/{owner}/{name}/versions`."""
    model = models.by_name(call.request.path_params["owner"], call.request.path_params["name"])
    return JSONResponse({"previous": None, "next": None, "results": [model.version_json()]})


async def get_version(call: Call) -> Response:
    """`GET /v1/models/{owner}/{name}/versions/{id}`."""
    model = models.by_name(call.request.path_params["owner"], call.request.path_params["name"])
    if call.request.path_params["id"] != model.version:
        raise not_found()
    return JSONResponse(model.version_json())


async def get_account(call: Call) -> Response:
    """`GET /v1/account`: the name is derived from the token's hash."""
    return JSONResponse({"type": "user", "username": username(call.account), "name": "A user of the stand"})


async def webhook_secret(call: Call) -> Response:
    """`GET /v1/webhooks/default/secret`."""
    return JSONResponse({"key": call.stand.webhooks.secret})


async def create_file(call: Call) -> Response:
    """`POST /v1/files`."""
    return JSONResponse(await call.stand.files.create(call.request, call.account), status_code=201)


async def list_files(call: Call) -> Response:
    """`GET /v1/files`."""
    files = [file.json(call.stand.base_url) for file in call.stand.files.listed(call.account)]
    return JSONResponse({"previous": None, "next": None, "results": files})


async def get_file(call: Call) -> Response:
    """`GET /v1/files/{id}`."""
    file = call.stand.files.get(call.request.path_params["id"], call.account)
    return JSONResponse(file.json(call.stand.base_url))


async def delete_file(call: Call) -> Response:
    """`DELETE /v1/files/{id}`."""
    call.stand.files.delete(call.request.path_params["id"], call.account)
    return Response(status_code=204)


def username(account: str) -> str:
    """Return the public name of the account with that token."""
    return f"sketcher-{hashlib.sha256(account.encode()).hexdigest()[:8]}"


def _shown(stand: Stand, prediction: Prediction, status: int) -> Response:
    return JSONResponse(prediction.json(stand.base_url, stand.settings.ttl_s), status_code=status)


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad_request(f"{name} takes an ISO 8601 date-time") from None


def _cursor(text: str | None) -> tuple[int | None, bool]:
    if text is None:
        return None, False
    try:
        fields = parse_qs(base64.urlsafe_b64decode(text.encode()).decode(), strict_parsing=True)
        return int(fields["p"][0]), "r" in fields
    except (ValueError, KeyError):
        raise Problem(404, "Not found", "Invalid cursor") from None


def _page_url(call: Call, position: str) -> str:
    query = dict(call.request.query_params) | {"cursor": base64.urlsafe_b64encode(position.encode()).decode()}
    return f"{call.stand.base_url}{call.request.url.path}?{urlencode(query)}"
