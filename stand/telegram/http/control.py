"""The control API: simulated users, faults, limits, and a view of everything.

Errors are 4xx {"error": "..."}.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from stand.telegram import deeds
from stand.telegram.world import World

Json = dict[str, Any]
Handler = Callable[[World, Json, Request], Awaitable[Any]]

ROUTES: list[Route] = []
_LONGEST_WAIT = 25.0


def _respond(body: Any, status: int = 200) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status, media_type="application/json")


def _route(path: str, verb: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        async def endpoint(request: Request) -> Response:
            try:
                body = await _body(request)
                result = await handler(request.app.state.world, body, request)
            except KeyError as error:
                return _respond({"error": f"missing field {error}"}, 400)
            except deeds.Missing as error:
                return _respond({"error": str(error)}, 404)
            except (ValueError, TypeError) as error:
                return _respond({"error": str(error)}, 400)
            return result if isinstance(result, Response) else _respond(result)

        ROUTES.append(Route(f"/control/{path}", endpoint, methods=[verb]))
        return handler

    return register


async def _body(request: Request) -> Json:
    content = await request.body()
    body = json.loads(content) if content else {}
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body


@_route("users", "POST")
async def _new_user(world: World, body: Json, _: Request) -> Json:
    language, username = body.get("language_code") or "en", body.get("username")
    return world.add_person(str(body["first_name"]), username, str(language), body.get("id")).card


@_route("users", "GET")
async def _users(world: World, _body: Json, _: Request) -> Json:
    return {"users": [person.card for person in world.people.values()]}


@_route("chats", "POST")
async def _new_chat(world: World, body: Json, _: Request) -> Json:
    kind, open_ = body.get("type") or "supergroup", bool(body.get("open"))
    return deeds.new_group(world, str(body["title"]), kind, body["members"], open_=open_)


@_route("chats", "GET")
async def _chats(world: World, _body: Json, _: Request) -> Json:
    return {"chats": [chat.view() for chat in world.chats.values()]}


@_route("chats/{id}/migrate", "POST")
async def _migrate(world: World, _body: Json, request: Request) -> Json:
    return deeds.migrate(world, int(request.path_params["id"]))


@_route("chats/{id}/rights", "POST")
async def _rights(world: World, body: Json, request: Request) -> Json:
    chat = deeds.find_chat(world, int(request.path_params["id"]))
    return deeds.forbid(chat, [str(kind) for kind in body["forbidden"]])


@_route("chats/{id}/topics", "POST")
async def _topic(world: World, body: Json, request: Request) -> Json:
    chat = deeds.find_chat(world, int(request.path_params["id"]))
    thread = body.get("thread")
    return deeds.set_topic(world, chat, None if thread is None else int(thread), body.get("state") or "open")


@_route("chats/{id}/messages", "GET")
async def _messages(world: World, _body: Json, request: Request) -> Json:
    chat = deeds.find_chat(world, int(request.path_params["id"]))
    return {"messages": [record.view() for record in chat.messages.values()]}


@_route("messages", "POST")
async def _write(world: World, body: Json, _: Request) -> Json:
    return await deeds.write(world, body)


@_route("edits", "POST")
async def _edit(world: World, body: Json, _: Request) -> Json:
    return deeds.edit(world, body)


@_route("deletes", "POST")
async def _delete(world: World, body: Json, _: Request) -> Json:
    record = deeds.find_message(world, int(body["chat"]), int(body["message_id"]))
    world.remove(record)
    return {"deleted": True}


@_route("presses", "POST")
async def _press(world: World, body: Json, _: Request) -> Json:
    return {"callback_query_id": deeds.press(world, body)}


@_route("presses/{id}", "GET")
async def _press_answer(world: World, _body: Json, request: Request) -> Json:
    press = world.presses.get(request.path_params["id"])
    if press is None:
        raise deeds.Missing("no such callback query")
    return press.view()


@_route("blocks", "POST")
async def _block(world: World, body: Json, _: Request) -> Json:
    deeds.block(world, int(body["user"]), bool(body["blocked"]))
    return {"blocked": bool(body["blocked"])}


@_route("replays", "POST")
async def _replay(world: World, body: Json, _: Request) -> Json:
    update_id = int(body["update_id"])
    if not any([bot.updates.replay(update_id) for bot in world.bots.values()]):  # noqa: C419 - all of them, not the first
        raise deeds.Missing(f"no update {update_id} is remembered")
    return {"replayed": update_id}


@_route("files/{id}", "GET")
async def _file(world: World, _body: Json, request: Request) -> Response:
    blob = world.files.blob(request.path_params["id"])
    path = await asyncio.to_thread(world.files.bytes_of, blob) if blob else None
    if blob is None or path is None:
        raise deeds.Missing("no such file, or it was dropped to stay within --spool-mb")
    return FileResponse(path, media_type=blob.probe.mime_type)


@_route("events", "GET")
async def _events(world: World, _body: Json, request: Request) -> Json:
    after = int(request.query_params.get("after", 0))
    timeout = min(_LONGEST_WAIT, float(request.query_params.get("timeout", 0)))
    chat = request.query_params.get("chat")
    seq = world.events.seq
    events = await world.events.wait(after, timeout, int(chat) if chat else None)
    return {"seq": max(seq, events[-1]["seq"] if events else 0), "events": events}


@_route("stream", "GET")
async def _stream(world: World, _body: Json, request: Request) -> Response:
    after = int(request.headers.get("last-event-id") or request.query_params.get("after") or 0)

    async def lines() -> Any:
        async for event in world.events.stream(after):
            yield {"id": str(event["seq"]), "data": json.dumps(event, ensure_ascii=False)}

    # The stream ends by itself when the stand stops; the grace period lets it, before the library cuts it
    # off.
    return EventSourceResponse(lines(), shutdown_grace_period=1)


@_route("commands", "GET")
async def _commands(world: World, _body: Json, request: Request) -> Json:
    return {"commands": deeds.commands(world, request.query_params.get("language_code", ""))}


@_route("faults", "POST")
async def _fault(world: World, body: Json, _: Request) -> Json:
    return {"id": world.faults.order(body)}


@_route("faults", "GET")
async def _faults(world: World, _body: Json, _: Request) -> Json:
    return {"faults": world.faults.ordered(), "struck": world.faults.struck}


@_route("faults", "DELETE")
async def _clear_faults(world: World, _body: Json, _: Request) -> Json:
    world.faults.clear()
    world.end_pauses()
    return {"cleared": True}


@_route("limits", "POST")
async def _limits(world: World, body: Json, _: Request) -> Json:
    return world.flood.configure(body)


@_route("calls", "GET")
async def _calls(world: World, _body: Json, request: Request) -> Json:
    chat = request.query_params.get("chat")
    return world.calls.view(request.query_params.get("method"), int(chat) if chat else None)


@_route("state", "GET")
async def _state(world: World, _body: Json, _: Request) -> Json:
    return deeds.state(world)
