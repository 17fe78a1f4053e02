"""The stand against the machine-readable Bot API, where it is at hand."""

from typing import Any

import pytest
from telegram_spec import Spec, load_spec
from telegram_stand_tools import Api

from stand.telegram.botapi.dispatch import PARTS
from stand.telegram.botapi.registry import METHODS
from stand.telegram.client import TelegramStand

pytest_plugins = ["telegram_stand"]

_SPEC = load_spec()
needs_spec = pytest.mark.skipif(
    _SPEC is None, reason="no ../shared/specs/telegram-bot-api.json beside the checkout"
)


@needs_spec
@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_method_knows_exactly_the_parameters_of_the_bot_api(name: str) -> None:
    """Same names, and required where the Bot API requires them."""
    assert _SPEC is not None
    assert PARTS
    method = METHODS[name]
    fields = _SPEC.methods[method.name].get("fields", [])
    assert method.parameters == {field["name"]: field["required"] for field in fields}


@needs_spec
@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_method_without_its_required_parameters_is_refused(api: Api, name: str) -> None:
    """Where something is required, an empty call is a 400, never a 500 or a success."""
    method = METHODS[name]
    required = [parameter for parameter, needed in method.parameters.items() if needed]
    if name == "setwebhook":
        required = []  # "Use an empty string to remove webhook integration"; a missing one counts as empty
    answer = api.call(method.name)
    if required or method.name.startswith("editMessage"):
        assert (answer["ok"], answer["error_code"]) == (False, 400)
    else:
        assert answer["ok"], answer


def test_what_a_bot_says_about_itself(api: Api, stand: TelegramStand, ann: int) -> None:
    """Commands per scope and language, name and descriptions with their fallback, menu buttons; chats
    and members.
    """
    commands = [{"command": "image", "description": "Draw"}]
    scope = {"type": "chat", "chat_id": ann}
    api.ok("setMyCommands", commands=commands, scope=scope, language_code="ru")
    assert api.ok("getMyCommands", scope=scope, language_code="ru") == commands
    assert api.ok("getMyCommands") == []
    assert stand.commands() == []
    api.ok("setMyCommands", commands=commands)
    assert stand.commands("de") == commands
    api.ok("deleteMyCommands")
    api.ok("deleteMyCommands", scope=scope, language_code="ru")
    assert api.ok("getMyCommands", scope=scope, language_code="ru") == []
    api.ok("setMyDescription", description="Draws")
    assert api.ok("getMyDescription", language_code="ru") == {"description": "Draws"}
    assert api.ok("getMyName") == {"name": "Darkroom"}
    api.ok("setChatMenuButton", menu_button={"type": "default"})
    assert api.ok("getChatMenuButton") == {"type": "default"}
    group = stand.new_group("Friends", [ann])
    assert api.ok("getChat", chat_id=group)["title"] == "Friends"
    assert api.ok("getChatMember", chat_id=group, user_id=ann)["status"] == "creator"
    assert api.ok("getChatMemberCount", chat_id=ann) >= 2
    assert [member["user"]["id"] for member in api.ok("getChatAdministrators", chat_id=group)] == [ann]
    assert api.ok("getUserProfilePhotos", user_id=ann)["total_count"] == 0


@pytest.mark.parametrize(
    ("type_name", "value", "problem"),
    [
        ("User", {"id": 1, "is_bot": False}, "lacks"),
        ("User", {"id": 1, "is_bot": False, "first_name": "A", "age": 3}, "has no field"),
        ("User", {"id": "1", "is_bot": False, "first_name": "A"}, "is no Integer"),
        ("Array of Chat", [{"id": 1, "type": 5}], r"\[0\]\.type"),
        ("ChatMember", {"status": "member"}, "lacks"),
    ],
)
@needs_spec
def test_the_check_itself_finds_faults(type_name: str, value: Any, problem: str) -> None:
    """A checker that lets everything through would prove nothing."""
    assert isinstance(_SPEC, Spec)
    with pytest.raises(AssertionError, match=problem):
        _SPEC.check(type_name, value, "value")
