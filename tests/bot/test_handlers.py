"""What the handlers' tables cover."""

import asyncio
import re
from types import SimpleNamespace
from typing import Any, cast

import pytest
from telegram import Update

from bot.application import _CONTENT
from bot.commands import COMMANDS
from bot.handlers import fallback
from bot.handlers.presses import HANDLERS
from bot.handlers.start import usage
from bot.keyboards import page_start, pages
from bot.services import Services
from chat.errors import Unreachable
from chat.keyboards import Action
from chat.texts import texts
from config.catalogue import Catalogue, load_catalogue
from config.settings import Settings
from jobs.errors import LedgerUnavailable
from jobs.model import Origin
from ledger.connection import connect
from ledger.queues.deduplication import Deduplication

CATALOGUE = load_catalogue(Settings())


def test_every_button_has_a_handler() -> None:
    assert set(HANDLERS) == set(Action)


def test_help_names_the_options_of_the_persons_own_models() -> None:
    """Given models of which one takes --no, when somebody asks for help, I expect --no for those who have
    chosen it, and told to be for pictures."""

    def options(choices: dict[str, str]) -> list[str]:
        text = usage(COMMANDS, CATALOGUE, choices, texts("en"))
        return [line for line in text.splitlines() if line.startswith("--")]

    assert [line.split()[0] for line in options({})] == ["--ar", "--seed"]
    chosen = options({"model:image": "stable-diffusion-3"})
    assert [line.split()[0] for line in chosen] == ["--ar", "--seed", "--no"]
    assert [line.endswith("(pictures only)") for line in chosen] == [False, False, True]
    few = Catalogue({"flux-schnell": CATALOGUE.models["flux-schnell"]})
    assert re.findall("--[a-z]+", usage(COMMANDS, few, {}, texts("en"))) == ["--ar", "--seed"]


def test_pages_lead_to_the_earlier_and_the_later_entries() -> None:
    def starts(start: int, total: int) -> list[int | None]:
        row = pages(start, 10, total, texts("en"))
        return [page_start(str(button.callback_data)) for button in row]

    assert starts(0, 10) == []
    assert starts(0, 11) == [10]
    assert starts(10, 30) == [0, 20]
    assert starts(10, 20) == [0]
    assert page_start("again:x") is None
    assert page_start(None) is None


@pytest.mark.parametrize(
    ("content", "answered"),
    [
        ({"dice": {"emoji": "🎲", "value": 3}}, True),
        ({"location": {"longitude": 1.0, "latitude": 1.0}}, True),
        ({"hologram": {"file_id": "x"}}, False),
        ({}, False),
        ({"pinned_message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}}, False),
    ],
)
def test_only_content_that_the_library_knows_is_answered(content: dict[str, Any], answered: bool) -> None:
    """Given a message of a type newer than the library, I expect silence: nobody knows what it is."""
    body = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private", "first_name": "Ann"}, **content}
    update = Update.de_json({"update_id": 1, "message": body}, None)
    assert bool(_CONTENT.check_update(update)) is answered


class Said:
    """Services of which only speaking is used, and what was said."""

    def __init__(self, marks: Deduplication | None = None) -> None:
        self.texts: list[str] = []
        self.services = cast(
            Services, SimpleNamespace(reply_sender=self, deduplication=marks, off=asyncio.to_thread)
        )

    async def say(self, _name: str, _origin: Origin, text: str, _keyboard: Any) -> None:
        self.texts.append(text)


def picture(message_id: int, album: str | None) -> Update:
    message = {
        "message_id": message_id,
        "date": 1,
        "chat": {"id": 1, "type": "private", "first_name": "Ann"},
        "from": {"id": 1, "is_bot": False, "first_name": "Ann"},
    }
    if album:
        message["media_group_id"] = album
    return Update.de_json({"update_id": message_id, "message": message}, None)


async def test_an_album_is_answered_once(redis_url: str) -> None:
    """Given ten pictures sent together, which come as ten messages to two replicas, I expect one answer."""
    with connect(redis_url) as client, connect(redis_url) as another:
        bots = (Said(Deduplication(client)), Said(Deduplication(another)))
        for number in range(10):
            await fallback.media(bots[number % 2].services, picture(number, "album 1"))
        assert [len(bot.texts) for bot in bots] == [1, 0]
        await fallback.media(bots[0].services, picture(11, "album 2"))
        await fallback.media(bots[0].services, picture(12, None))
        await fallback.media(bots[0].services, picture(13, None))
        assert [len(bot.texts) for bot in bots] == [4, 0]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (
            LedgerUnavailable("refused"),
            ["I cannot reach my job book at the moment. Please try again in a minute."],
        ),
        (KeyError("a mistake of ours"), ["Something went wrong on my side. Please try again."]),
        (Unreachable("bot was blocked by the user"), []),
    ],
)
async def test_a_person_is_told_of_an_error_where_that_can_help(trouble: Exception, told: list[str]) -> None:
    said = Said()
    await fallback.error(said.services, picture(1, None), trouble)
    assert said.texts == told
