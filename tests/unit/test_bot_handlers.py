"""What the handlers' tables cover."""

import re

from bot.application import _COMMANDS
from bot.commands import COMMANDS, listed
from bot.handlers.presses import HANDLERS
from bot.handlers.start import usage
from bot.keyboards import page_start, pages
from chat.keyboards import Action
from chat.texts import LANGUAGES, texts
from config.catalogue import Catalogue, load_catalogue
from config.settings import Settings

CATALOGUE = load_catalogue(Settings())


def test_every_button_has_a_handler() -> None:
    assert set(HANDLERS) == set(Action)


def test_every_command_is_handled_suggested_and_listed() -> None:
    assert set(_COMMANDS) == set(COMMANDS)
    for language in LANGUAGES:
        commands = listed(texts(language))
        assert {command.command for command in commands} == set(COMMANDS) - {"start"}
        assert all(3 <= len(command.description) <= 256 for command in commands)


def test_help_names_only_options_that_some_model_takes() -> None:
    assert re.findall("--[a-z]+", usage(CATALOGUE, texts("en"))) == ["--ar", "--seed", "--no"]
    few = Catalogue({"flux-schnell": CATALOGUE.models["flux-schnell"]})
    assert re.findall("--[a-z]+", usage(few, texts("en"))) == ["--ar", "--seed"]


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
