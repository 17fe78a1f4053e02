"""A bot's own description: card, commands, name and descriptions, menu button."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from stand.telegram.botapi.params import field
from stand.telegram.botapi.registry import Call, method
from stand.telegram.errors import ApiError, bad_request

Json = dict[str, Any]

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SCOPES = frozenset(
    [
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    ]
)


@method("getMe")
async def get_me(call: Call) -> Json:
    """Return the bot's User object."""
    return call.bot.full_card()


@method("logOut")
async def log_out(call: Call) -> bool:  # noqa: ARG001
    """Accept the call; there is no other Bot API server to move to."""
    return True


@method("close")
async def close(call: Call) -> bool:
    """Accept the call once the webhook is removed, as before a move to another server."""
    if call.bot.webhook:
        raise ApiError(429, "Too Many Requests: retry after 600", {"retry_after": 600})
    return True


def _scope(call: Call) -> tuple[str, str]:
    scope = call.params.json("scope", "BotCommandScope")
    if scope is None:
        scope = {"type": "default"}
    if not isinstance(scope, dict):
        raise bad_request("can't parse BotCommandScope: BotCommandScope must be an Object")
    if scope.get("type") not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    return json.dumps(scope, sort_keys=True), call.params.text("language_code")


@method("setMyCommands", "commands! scope language_code")
async def set_my_commands(call: Call) -> bool:
    """Set up to 100 commands of 1-32 characters a-z0-9_, descriptions of 1-256."""
    call.params.required("commands")
    commands = call.params.json("commands", "commands")
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    scope = _scope(call)
    call.bot.commands[scope] = [_command(command) for command in commands]
    return True


def _command(value: Any) -> Json:
    try:
        if not isinstance(value, dict):
            raise ValueError("expected an Object")
        name = field(value, "command", str, required=True).removeprefix("/")
        description = field(value, "description", str, required=True)
    except ValueError as error:
        raise bad_request(f"can't parse BotCommand: {error}") from None
    if not _COMMAND.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


@method("getMyCommands", "scope language_code")
async def get_my_commands(call: Call) -> list[Json]:
    """Return the commands of exactly this scope and language."""
    return call.bot.commands.get(_scope(call), [])


@method("deleteMyCommands", "scope language_code")
async def delete_my_commands(call: Call) -> bool:
    """Forget the commands of this scope and language."""
    call.bot.commands.pop(_scope(call), None)
    return True


def _text_methods(noun: str, parameter: str, limit: int, too_long: str) -> None:
    def setter() -> Callable[[Call], Awaitable[bool]]:
        async def set_text(call: Call) -> bool:
            text = call.params.text(parameter)
            if len(text) > limit:
                raise bad_request(too_long)
            call.bot.texts[parameter, call.params.text("language_code")] = text
            return True

        return set_text

    def getter() -> Callable[[Call], Awaitable[Json]]:
        async def get_text(call: Call) -> Json:
            texts = call.bot.texts
            default = call.bot.name if parameter == "name" else ""
            text = (
                texts.get((parameter, call.params.text("language_code")))
                or texts.get((parameter, ""))
                or default
            )
            return {parameter: text}

        return get_text

    method(f"setMy{noun}", f"{parameter} language_code")(setter())
    method(f"getMy{noun}", "language_code")(getter())


_text_methods("Name", "name", 64, "BOT_TITLE_INVALID")
_text_methods("Description", "description", 512, "BOT_DESCRIPTION_TOO_LONG")
_text_methods("ShortDescription", "short_description", 120, "BOT_SHORT_DESCRIPTION_TOO_LONG")


@method("setChatMenuButton", "chat_id menu_button")
async def set_chat_menu_button(call: Call) -> bool:
    """Set the button for one private chat, or for all."""
    button = call.params.json("menu_button", "menu button") or {"type": "default"}
    if not isinstance(button, dict) or button.get("type") not in ("commands", "default", "web_app"):
        raise bad_request("can't parse menu button: MenuButton has unsupported type")
    call.bot.menu_buttons[call.params.integer("chat_id") or None] = button
    return True


@method("getChatMenuButton", "chat_id")
async def get_chat_menu_button(call: Call) -> Json:
    """Return the chat's button, or that of all chats."""
    buttons = call.bot.menu_buttons
    default: Json = {"type": "commands"}
    return buttons.get(call.params.integer("chat_id") or None) or buttons.get(None) or default
