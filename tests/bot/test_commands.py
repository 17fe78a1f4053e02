"""The registry of commands, and what follows from it: dispatch, menus, /help, suggestions."""

import ast
import importlib
import pkgutil
import re
from types import SimpleNamespace
from typing import Any, cast

import pytest
from telegram import Bot, Update
from telegram.ext import CommandHandler

from bot import dispatch, handlers
from bot.application import build
from bot.command import Command, Who, given_by
from bot.commands import COMMANDS
from bot.handlers import admin, fallback
from bot.handlers.start import usage
from bot.menus import admins_menu, menu
from bot.services import Services
from chat.texts import LANGUAGES, catalogue, mark, texts
from config.catalogue import load_catalogue
from config.settings import ROOT, Settings

EVERYBODYS = given_by(Who.EVERYBODY, COMMANDS)
ADMINS_OWN = given_by(Who.ADMINS, COMMANDS)
CATALOGUE = load_catalogue(Settings())


def help_lines(told: tuple[Command, ...], language: str) -> list[str]:
    """The lines of /help that begin with a command."""
    text = usage(told, CATALOGUE, {}, texts(language))
    return [line for line in text.splitlines() if line.startswith("/")]


def test_every_command_has_one_name_that_telegram_takes() -> None:
    names = [command.name for command in COMMANDS]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9_]{1,32}", name) for name in names)


def test_every_command_is_dispatched() -> None:
    """Given the bot's Application, I expect a handler for each command of the registry, and for no other."""
    gateway = SimpleNamespace(bot=Bot("1:no-token-at-all"))
    services = cast(Services, SimpleNamespace(gateway=gateway, settings=Settings()))
    found = [each for each in build(services).handlers[0] if isinstance(each, CommandHandler)]
    assert sorted(name for each in found for name in each.commands) == sorted(
        command.name for command in COMMANDS
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_mistyped_command_is_suggested_to_those_who_may_give_it(command: Command) -> None:
    """Given a name with its last letter doubled, I expect everybody's commands to be suggested, and none that
    only admins have."""
    meant = fallback.closest(command.name + command.name[-1], dispatch.SUGGESTED)
    if command.who is Who.EVERYBODY:
        assert meant == command.name
    else:
        assert meant not in [each.name for each in ADMINS_OWN]
    assert fallback.closest("xyzzy", dispatch.SUGGESTED) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_menus_have_all_that_is_worth_a_place_in_them(language: str) -> None:
    """Given the registry, I expect all commands but /start in the menus, in its order, the admins' own below
    everybody's and for admins alone, with texts that Telegram takes."""
    t = texts(language)
    listed, for_admins = menu(COMMANDS, t), admins_menu(COMMANDS, t)
    assert [each.command for each in listed] == [each.name for each in EVERYBODYS if each.name != "start"]
    assert for_admins[: len(listed)] == listed
    assert [each.command for each in for_admins[len(listed) :]] == [each.name for each in ADMINS_OWN]
    assert all(3 <= len(each.description) <= 256 for each in for_admins)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_what_is_said_of_a_command_is_said_in_both_languages(command: Command) -> None:
    for text in filter(None, (command.menu, command.help)):
        translations = {str(catalogue(language)[text].string) for language in LANGUAGES}
        assert len(translations) == len(LANGUAGES), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_tells_of_everybodys_commands(language: str) -> None:
    """Given the registry, I expect a line in /help for each command of the menu but /help itself."""
    told = [re.split(r"\W", line)[1] for line in help_lines(COMMANDS, language)]
    assert told == [each.command for each in menu(COMMANDS, texts(language)) if each.command != "help"]


def test_help_in_english() -> None:
    assert usage(COMMANDS, CATALOGUE, {}, texts("en")).startswith(
        "Write what you want to see. In a group, begin with a command or name me. There I also take replies "
        "to your own results, but not thanks or questions.\n\n"
        "/image a red fox in the snow: a picture\n"
        "/video waves at night: a short video\n"
        "/jobs: what I am making for you now\n"
        "/cancel: stop it (/cancel all stops everything)\n"
        "/history: your latest results\n"
        "/settings: your models and aspect ratios\n\n"
        "Options go with the words:\n"
    )


def declaring() -> dict[str, list[str]]:
    """The commands that each module of the handlers declares as its COMMANDS."""
    found = {}
    for package in (handlers, admin):
        for each in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            declared = getattr(importlib.import_module(each.name), "COMMANDS", ())
            found[each.name] = [command.name for command in declared]
    return {module: names for module, names in found.items() if names}


def test_a_command_is_declared_beside_its_handler_and_gathered_in_one_place() -> None:
    """Given the bot's code, I expect each module's commands in the registry, and all but /help and /start
    (which tell of the others) to be functions of the module that declares them."""
    declared = declaring()
    names = [name for each in declared.values() for name in each]
    assert sorted([*names, "help", "start"]) == sorted(command.name for command in COMMANDS)
    homes = {name: module for module, each in declared.items() for name in each}
    for command in COMMANDS:
        assert command.handler.__module__ == homes.get(command.name, "bot.handlers.start")


def test_nothing_else_in_the_bot_lists_commands() -> None:
    """Given the bot's code, I expect no list of commands beside the registry that a new one could miss."""
    names = {command.name for command in COMMANDS}
    for file in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            parts: list[Any] = []
            if isinstance(node, ast.Dict):
                parts = node.keys
            elif isinstance(node, ast.Tuple | ast.List | ast.Set):
                parts = node.elts
            texts_in_it = {str(part.value) for part in parts if isinstance(part, ast.Constant)}
            assert len(texts_in_it & names) < 3, f"{file}: {sorted(texts_in_it & names)}"


def test_the_walk_through_of_adding_a_command_is_true() -> None:
    """Given the declaration that CONTRIBUTING.md shows, I expect a command in the menu and in /help, one
    without texts in neither, and one of admins in their menu alone; and the places named to be the places."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Add a command\n")[2].partition("\n## ")[0]
    (line,) = re.findall(r"^ {7}(COMMANDS = .+)$", section, re.MULTILINE)

    async def ping(_services: Services, _update: Update) -> None: ...

    shown: dict[str, Any] = {"Command": Command, "mark": mark, "ping": ping}
    exec(line, shown)  # noqa: S102 - a line of our own
    (command,) = shown["COMMANDS"]
    more = (*COMMANDS, command)
    assert menu(more, texts("en"))[-1].to_dict() == {"command": "ping", "description": command.menu}
    assert help_lines(more, "en")[-1] == command.help
    quiet = (*COMMANDS, Command("ping", ping), Command("pong", ping, "Pong", "/pong", who=Who.ADMINS))
    assert menu(quiet, texts("en")) == menu(COMMANDS, texts("en"))
    assert help_lines(quiet, "en") == help_lines(COMMANDS, "en")
    assert admins_menu(quiet, texts("en"))[-1].command == "pong"

    assert "bot/commands.py" in section
    registry = (ROOT / "bot/commands.py").read_text(encoding="utf-8")
    for folder, _, module in (each.rpartition(".") for each in declaring()):
        assert f"`{folder.replace('.', '/')}`" in section
        assert f"*{module}.COMMANDS" in registry
    for file in ("bot.po", "admin.po"):
        assert f"`{file}`" in section
        assert (ROOT / "chat/locale/en/LC_MESSAGES" / file).exists()
