"""Long polling of updates in which fields have other types: none holds up the others."""

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

from spool_stage import until
from telegram.ext import ApplicationBuilder, TypeHandler
from telegram.ext import ExtBot as Bot
from telegram.request import BaseRequest, RequestData
from update_maker import Json, field_by_field, genuine

from bot.application import ADMINS
from bot.inbound.polling import Poller

ME = {"id": 7001001, "is_bot": True, "first_name": "Darkroom", "username": "DarkroomBot"}


class Telegram(BaseRequest):
    """A Telegram that has these updates, and confirms them as the real one does."""

    def __init__(self, updates: list[Json]) -> None:
        self.updates = updates
        self.confirmed = 0

    @property
    def read_timeout(self) -> float:
        return 1.0

    async def initialize(self) -> None: ...

    async def shutdown(self) -> None: ...

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        assert method == "POST"
        name = url.rpartition("/")[2].lower()
        result: Any = True
        if name == "getme":
            result = ME
        elif name == "getupdates":
            asked: Json = request_data.parameters if request_data else {}
            self.confirmed = max(self.confirmed, asked.get("offset") or 0)
            left = [each for each in self.updates if not _is_below(each, self.confirmed)]
            result = left[:100]
            await asyncio.sleep(0.001 if result else 0.05)
        return 200, json.dumps({"ok": True, "result": result}).encode()


def _is_below(update: Json, offset: int) -> bool:
    number = update.get("update_id")
    return type(number) is int and number < offset


async def polled(updates: list[Json], handle: Callable[[Any], None]) -> Telegram:
    """Have a poller bring them all; answers once all are confirmed."""
    telegram = Telegram(updates)
    bot: Any = Bot("7001001:" + "B" * 35, request=telegram, get_updates_request=telegram)
    application: Any = ApplicationBuilder().bot(bot).updater(None).job_queue(None).build()
    application.bot_data[ADMINS] = ()

    async def callback(update: Any, _context: Any) -> None:
        handle(update)

    application.add_handler(TypeHandler(object, callback))
    poller = Poller(application)
    running = asyncio.create_task(poller.run())
    try:
        last = max(each["update_id"] for each in updates)
        await until(lambda: telegram.confirmed > last)
    finally:
        running.cancel()
        await poller.finish(1)
        await application.shutdown()
    return telegram


async def test_updates_that_nobody_can_read_hold_up_no_others() -> None:
    """Given good updates among such as the library stumbles over and such as it passes on, I expect each of
    the good ones to be handled, in their order, all to be confirmed, and nothing of the rest to be read."""
    seen: list[int] = []

    def handle(update: Any) -> None:
        if update.effective_message:
            seen.append(update.update_id)

    good = genuine()[0]
    wrong: list[Json] = [
        {"message": 7},
        {"message": good["message"] | {"chat": []}},
        {"message": good["message"] | {"from": good["message"]["from"] | {"language_code": 5}}},
        {"callback_query": {"id": "1", "chat_instance": "1", "from": None, "data": "x"}},
        {"message": good["message"] | {"text": {"x": 1}}},
    ]
    updates: list[Json] = []
    for number, each in enumerate(wrong):
        updates += [{"update_id": 10 * number + 1} | good, {"update_id": 10 * number + 2} | each]
    await polled([*updates, {"update_id": 1000} | good], handle)
    assert seen == [1, 11, 21, 31, 41, 1000]


async def test_fields_of_other_types_are_passed_over() -> None:
    """Given hundreds of updates with a field put wrong, I expect all to be confirmed."""
    updates = random.Random(1).sample(field_by_field(), 400)
    await polled([{"update_id": number} | each for number, each in enumerate(updates, 1)], lambda _: None)
