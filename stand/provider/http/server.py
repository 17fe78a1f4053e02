"""The HTTP application: the routes, and the steps of every call under /v1."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from own_site.middleware import OwnSite
from own_site.sites import Page
from stand.provider.faults import FOUL, REFUSALS, Fault
from stand.provider.http import api, control, creating
from stand.provider.http.call import Call
from stand.provider.http.connections import HangUp
from stand.provider.http.errors import Problem, not_found, refused, throttled, unauthenticated
from stand.provider.http.foul import foul
from stand.provider.stand import Stand

Function = Callable[[Call], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def application(stand: Stand, hosts: frozenset[str] = frozenset()) -> Starlette:
    """Return the application that serves the stand and closes it when it shuts down.

    It only serves programs, not web pages of other sites.

    Args:
        stand: The stand.
        hosts: Its host names beside this machine's own.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await stand.close()

    def open_to_accounts(name: str, function: Function) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return await _answer(stand, name, function, request)

        return endpoint

    async def download(request: Request) -> Response:
        file = stand.files.download(request)
        return FileResponse(file.path, media_type=file.content_type, filename=file.name)

    async def web(request: Request) -> Response:
        output = stand.predictions.get(request.path_params["id"]).output
        url = output[0] if isinstance(output, list) else output
        if not isinstance(url, str):
            raise not_found()
        return RedirectResponse(url)

    model = "/v1/models/{owner}/{name}"
    routes = [
        Route("/v1/predictions", open_to_accounts("create", creating.create_by_version), methods=["POST"]),
        Route(f"{model}/predictions", open_to_accounts("create", creating.create_by_model), methods=["POST"]),
        Route("/v1/predictions", open_to_accounts("list", api.list_predictions), methods=["GET"]),
        Route("/v1/predictions/{id}", open_to_accounts("get", api.get_prediction), methods=["GET"]),
        Route(
            "/v1/predictions/{id}/cancel", open_to_accounts("cancel", api.cancel_prediction), methods=["POST"]
        ),
        Route("/v1/models", open_to_accounts("models", api.list_models), methods=["GET"]),
        Route(model, open_to_accounts("models", api.get_model), methods=["GET"]),
        Route(f"{model}/versions", open_to_accounts("models", api.list_versions), methods=["GET"]),
        Route(f"{model}/versions/{{id}}", open_to_accounts("models", api.get_version), methods=["GET"]),
        Route("/v1/account", open_to_accounts("account", api.get_account), methods=["GET"]),
        Route("/v1/webhooks/default/secret", open_to_accounts("secret", api.webhook_secret), methods=["GET"]),
        Route("/v1/files", open_to_accounts("files", api.create_file), methods=["POST"]),
        Route("/v1/files", open_to_accounts("files", api.list_files), methods=["GET"]),
        Route("/v1/files/{id}", open_to_accounts("files", api.get_file), methods=["GET"]),
        Route("/v1/files/{id}", open_to_accounts("files", api.delete_file), methods=["DELETE"]),
        Route("/v1/files/{id}/download", download, methods=["GET"]),
        Route("/outputs/{token}/{name}", stand.outputs.download, methods=["GET"]),
        Route("/p/{id}", web, methods=["GET"]),
        Mount("/control", routes=control.routes(stand)),
    ]

    async def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101  registered for Problem alone
        return error.response()

    async def unknown(_: Request, __: Exception) -> Response:
        return not_found().response()

    handlers = {Problem: refuse, 404: unknown}
    guard = Middleware(OwnSite, page=Page(hosts, json=("/control",)))
    return Starlette(routes=routes, middleware=[guard], lifespan=lifespan, exception_handlers=handlers)


async def _answer(stand: Stand, name: str, function: Function, request: Request) -> Response:
    try:
        account = _account(request)
        left = stand.limits.take(account, create=name == "create")
        response = await _with_faults(name, function, Call(stand, request, account))
        response.headers.update(left)
    except Problem as problem:
        response = problem.response()
    stand.calls[(name, 0 if isinstance(response, HangUp) else response.status_code)] += 1
    return response


def _account(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "token") or not token.strip():
        raise unauthenticated()
    return token.strip()


async def _with_faults(name: str, function: Function, call: Call) -> Response:
    faults = call.stand.faults
    fault = faults.take(name, await _prompt(name, call)) if faults else None
    if fault is None:
        return await function(call)
    if fault.kind == "429":
        raise throttled(fault.retry_after)
    if fault.kind in REFUSALS:
        raise refused(int(fault.kind))
    if fault.kind in ("500", "502"):
        title = "Internal Server Error" if fault.kind == "500" else "Bad Gateway"
        raise Problem(int(fault.kind), title, "The stand was told to fail this call.")
    if fault.kind == "reset":
        return HangUp(reset=True)
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
    return _spoilt(fault, await function(call))


def _spoilt(fault: Fault, response: Response) -> Response:
    if fault.kind == "drop_answer":
        return HangUp()
    body = bytes(response.body)
    if fault.kind in FOUL:
        return foul(fault, body, response.status_code, "application/json")
    if fault.kind == "malformed":
        return Response(body[: len(body) // 2], response.status_code, media_type="application/json")
    if fault.kind in ("no_output", "odd_logs"):
        shown = json.loads(body)
        shown |= {"output": None} if fault.kind == "no_output" else {"logs": {"lines": [1, 2]}}
        return JSONResponse(shown, response.status_code)
    if fault.kind == "unknown_status":
        for status in (b"starting", b"processing"):
            body = body.replace(b'"status":"%b"' % status, b'"status":"%b"' % fault.unknown_status.encode())
        return Response(body, response.status_code, media_type="application/json")
    return response


async def _prompt(name: str, call: Call) -> str:
    if name == "create":
        return creating.prompt_of(await call.request.body())
    if name in ("get", "cancel"):
        return call.stand.predictions.get(call.request.path_params["id"]).prompt
    return ""
