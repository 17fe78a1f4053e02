"""The entry of each call: token, method, faults, the call itself, the log, the response."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from stand.telegram.botapi import callbacks, chats, edits, messages, polling, profile, sending
from stand.telegram.botapi.params import Params
from stand.telegram.botapi.registry import METHODS, Call
from stand.telegram.botapi.request import read_params
from stand.telegram.bots import TOKEN, Bot
from stand.telegram.errors import ApiError
from stand.telegram.faults import Fault
from stand.telegram.http.connection import Hangup, hang_up
from stand.telegram.world import World

Json = dict[str, Any]

# Imported because they register methods.
PARTS = (callbacks, chats, edits, messages, polling, profile, sending)
_NOT_FOUND = ApiError(404, "Not Found")


def _answer(status: int, body: Json) -> Response:
    headers = {}
    if status == 429:
        headers["Retry-After"] = str(body.get("parameters", {}).get("retry_after", 1))
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status, headers, "application/json")


def _find_bot(world: World, token: str) -> Bot:
    match = TOKEN.fullmatch(token)
    if not match:
        raise ApiError(401, "Unauthorized: invalid token specified") if ":" in token else _NOT_FOUND
    bot = world.bot(int(match[1]), token)
    if bot.token != token:
        raise ApiError(401, "Unauthorized")
    return bot


async def run(world: World, bot: Bot, name: str, values: Mapping[str, Any]) -> Any:
    """Run and log a call that has no HTTP request: one in the response to a webhook."""
    found = METHODS.get(name.lower())
    if found is None:
        raise ApiError(404, "Not Found: method not found")
    call = Call(world, bot, found.name, Params(values, {}))
    try:
        result = await found.handler(call)
    except ApiError as error:
        world.calls.add(found.name, call.chat, call.message_id, error.code, error.description)
        raise
    world.calls.add(found.name, call.chat, call.message_id, 200, None)
    return result


async def bot_api(request: Request) -> Response:
    """Serve GET|POST /bot<token>/<method>."""
    world: World = request.app.state.world
    token, _, name = request.path_params["rest"].partition("/")
    found = METHODS.get(name.lower())
    try:
        bot = _find_bot(world, token)
        if found is None:
            raise ApiError(404, "Not Found: method not found" if name else "Not Found")
        params = await read_params(request, world.files.incoming, world.settings.upload_bytes)
    except ApiError as error:
        if found:
            world.calls.add(found.name, None, None, error.code, error.description)
        return _answer(error.code, error.body())
    call = Call(
        world, bot, found.name, params, chat=_chat_id(params), message_id=params.integer("message_id") or None
    )
    try:
        return await _carry_out(call, request)
    finally:
        for upload in params.uploads.values():
            upload.path.unlink(missing_ok=True)


def _chat_id(params: Params) -> int | None:
    try:
        return int(params.text("chat_id"))
    except ValueError:
        return None


async def _carry_out(call: Call, request: Request) -> Response:
    text = call.params.text("text") or call.params.text("caption")
    calls, fault = call.world.calls, call.world.faults.hit(call.method.lower(), call.chat, text)
    try:
        if fault:
            await _before(call.world, fault)
        result = await _unless_gone(METHODS[call.method.lower()].handler(call), call, request)
    except ApiError as error:
        calls.add(call.method, call.chat, call.message_id, error.code, error.description)
        return _answer(error.code, error.body())
    except Hangup as hangup:
        calls.add(call.method, call.chat, call.message_id, 0, str(hangup))
        return await hang_up(request, hangup)
    if fault and fault.kind == "drop_answer":
        calls.add(call.method, call.chat, call.message_id, 0, "answer dropped")
        await call.world.pause(fault.seconds)
        return await hang_up(request, Hangup("answer dropped"))
    calls.add(call.method, call.chat, call.message_id, 200, None)
    return _answer(200, {"ok": True, "result": result})


async def _before(world: World, fault: Fault) -> None:
    if fault.kind == "reset":
        raise Hangup("connection reset", reset=True)
    if fault.kind == "delay":
        await world.pause(fault.seconds)
    error = fault.error()
    if error:
        raise error


async def _unless_gone(work: Any, call: Call, request: Request) -> Any:
    """Await the handler; abandon a long poll whose client is gone.

    Otherwise the long poll would take another consumer's place.
    """
    if call.method != "getUpdates":
        return await work
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Hangup("client went away")
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def bot_file(request: Request) -> Response:
    """Serve GET /file/bot<token>/<file_path>."""
    world: World = request.app.state.world
    token, _, path = request.path_params["rest"].partition("/")
    try:
        bot = _find_bot(world, token)
    except ApiError as error:
        return _answer(error.code, error.body())
    ref = world.files.find(path.rpartition("/")[2].partition(".")[0])
    stored = None
    if ref is not None and ref.bot == bot.id and ref.file_path == path:
        stored = await asyncio.to_thread(world.files.bytes_of, ref.blob)
    if ref is None or stored is None:
        return _answer(404, _NOT_FOUND.body())
    return FileResponse(stored, media_type=ref.blob.probe.mime_type)
