"""A restore and the spools: what waited in a backup may have been dealt with since, and is not done again."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from spool_stage import opened

from config.settings import Settings
from deploy.backup.creating import create
from deploy.backup.restoring import Report, restore
from deploy.backup.shelf import Shelf
from jobs.model import Kind, Origin, Request
from ledger import keys
from ledger.connection import connect
from ledger.queues.durable_queue import ANSWERS, UPDATES, Enqueued, Item
from ledger.queues.reply_queue import Reply, replies, reply_of
from ledger.queues.update_queue import item_of, updates
from sandbox.admission import admit_once

ANN, BOB, EVE = 7_000_000_001, 7_000_000_002, 7_000_000_003
GROUP = -1_002_000_000_001


@pytest.fixture
def settings(settings_for: Callable[..., Settings], tmp_path: Path) -> Settings:
    return settings_for(backup_url=str(tmp_path / "backups"), media_url=str(tmp_path / "media"))


def update(user: int, message: int, *, chat: int = 0, language: str = "en", **changed: Any) -> Item:
    """Somebody writes to the bot, in private unless a `chat` is given."""
    place = {"id": chat, "type": "supergroup", "title": "foxes"} if chat else {"id": user, "type": "private"}
    person = {"id": user, "is_bot": False, "first_name": "Ann", "language_code": language}
    said = {"message_id": message, "date": 1_800_000_000, "chat": place, "from": person, "text": "/image x"}
    return item_of(json.dumps({"update_id": message, "message": said, **changed}))


def press(user: int) -> Item:
    person = {"id": user, "is_bot": False, "first_name": "Ann"}
    query = {"id": "1", "from": person, "chat_instance": "1", "data": "again"}
    return item_of(json.dumps({"update_id": 99, "callback_query": query}))


async def keep(settings: Settings, *items: Item) -> list[Enqueued]:
    async with opened(settings.ledger_redis()) as pipeline:
        return [await updates(pipeline).keep(item, take=True) for item in items]


async def to_say(settings: Settings, answer: Reply) -> None:
    async with opened(settings.ledger_redis()) as pipeline:
        await replies(pipeline, settings).keep(answer.item(), take=False)


async def said(settings: Settings) -> list[Reply]:
    """What a bot that is started now says."""
    async with opened(settings.ledger_redis()) as pipeline:
        spool, found = replies(pipeline, settings), []
        while taken := await spool.take(100):
            for item in taken:
                found.append(reply_of(item))
                await spool.done(item)
        return found


def lost_and_restored(client: "redis.Redis", settings: Settings, *, quiet: bool) -> Report:
    shelf = Shelf(settings.backup_url, settings)
    manifest = create(shelf, settings)
    client.flushall()
    return restore(shelf, manifest, settings, quiet=quiet)


def test_what_waited_counts_as_dealt_with_and_people_are_told(settings: Settings) -> None:
    """Given updates in a backup's spool and an answer that was not said, I expect none to be given out after
    the restore, none to be taken when Telegram brings it again, and a word to those who surely wait for one:
    not to a press or a group, and not to who has a job that the backup knows."""
    waiting = [
        *(update(ANN, 1), update(ANN, 2), update(BOB, 3, language="ru"), press(BOB)),
        *(update(EVE, 4), update(EVE, 5, chat=GROUP), item_of('{"update_id": 6, "message": "?"}')),
    ]
    with connect(settings.ledger_redis()) as client:
        asyncio.run(keep(settings, *waiting))
        asyncio.run(to_say(settings, Reply("old", Origin(ANN, ANN, 1), "an answer of that time")))
        request = Request(Kind.IMAGE, "sketch", "x")
        admit_once(settings, "eves", request, Origin(EVE, EVE, 4), fresh=True)
        report = lost_and_restored(client, settings, quiet=False)

        assert (report.updates, report.told) == (len(waiting), 3)
        assert client.zcard(keys.spool(UPDATES)) == 0
        assert client.hlen(keys.spool_tries(UPDATES)) == 0
        assert asyncio.run(keep(settings, *waiting)) == [Enqueued.KNOWN] * len(waiting)
        hours = [client.ttl(keys.spooled(UPDATES, item.id)) / 3600 for item in waiting]
        assert all(24 < left <= 25 for left in hours), hours
        # Whoever is told has room for what they write next.
        of_ann = client.zcard(keys.spool_of(ANSWERS, str(ANN)))
        assert of_ann == 2
        found = asyncio.run(said(settings))
        assert sorted((answer.origin.user, answer.origin.reply_to) for answer in found) == [
            *((ANN, 1), (ANN, 2), (BOB, 3)),
        ]
        assert {answer.text.split()[0] for answer in found} == {"I", "Мне"}


def test_where_nothing_has_happened_since_all_goes_on(settings: Settings) -> None:
    """Given a house that was stopped before its backup, I expect what waited to wait."""
    waiting = [update(ANN, 1), update(BOB, 2)]
    with connect(settings.ledger_redis()) as client:
        asyncio.run(keep(settings, *waiting))
        report = lost_and_restored(client, settings, quiet=True)
        assert (report.updates, report.told) == (0, 0)
        assert client.zcard(keys.spool(UPDATES)) == 2
        assert str(client.get(keys.spooled(UPDATES, waiting[0].id))).endswith(waiting[0].body)
