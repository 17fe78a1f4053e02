"""Reply markup: inline keyboards are checked button by button, the other kinds as a whole."""

from typing import Any
from urllib.parse import urlsplit

from stand.telegram.botapi.params import Params, field
from stand.telegram.errors import bad_request

Json = dict[str, Any]

_MAX_BUTTONS = 100
_OBJECTS = ("web_app", "login_url", "switch_inline_query_chosen_chat", "copy_text", "callback_game")
_STRINGS = ("url", "callback_data", "switch_inline_query", "switch_inline_query_current_chat")


def read_markup(params: Params) -> Json:
    """Return {"reply_markup": InlineKeyboardMarkup} as a Message shows it.

    The other kinds return {}: Messages do not show them.
    """
    value = params.json("reply_markup", "reply keyboard markup")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    try:
        keyboard = field(value, "keyboard", list)
        rows = field(value, "inline_keyboard", list)
        for name in ("remove_keyboard", "force_reply", "selective", "resize_keyboard", "one_time_keyboard"):
            field(value, name, bool)
    except ValueError as error:
        raise bad_request(str(error)) from None
    if keyboard is not None:
        _check_rows(keyboard, 'Field "keyboard"')
        return {}
    if rows is None:
        return {}
    _check_rows(rows, 'Field "inline_keyboard" of the InlineKeyboardMarkup')
    shown = [row for row in ([_button(button) for button in row if _labelled(button)] for row in rows) if row]
    if sum(map(len, shown)) > _MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return {"reply_markup": {"inline_keyboard": shown}} if shown else {}


def forced_reply(params: Params) -> str | None:
    """Return the placeholder of a ForceReply ("" without one); None if the message has no ForceReply."""
    value = params.json("reply_markup", "reply keyboard markup")
    if not isinstance(value, dict) or not value.get("force_reply"):
        return None
    return str(value.get("input_field_placeholder", ""))


def _check_rows(rows: list[Any], what: str) -> None:
    if not all(isinstance(row, list) for row in rows):
        raise bad_request(f"{what} must be an Array of Arrays")


def _labelled(button: Any) -> bool:
    # TDLib ignores buttons with an empty text; a button without the field is an error.
    return not (isinstance(button, dict) and button.get("text") == "")


def _button(button: Any) -> Json:
    try:
        if not isinstance(button, dict):
            raise ValueError("InlineKeyboardButton must be an Object")
        shown: Json = {"text": field(button, "text", str, required=True)}
        for name in ("icon_custom_emoji_id", "style"):
            if (value := field(button, name, str)) is not None:
                shown[name] = value
        action = _action(button)
        if action is None:
            raise ValueError("Text buttons are unallowed in the inline keyboard")
    except ValueError as error:
        raise bad_request(f"can't parse inline keyboard button: {error}") from None
    return shown | action


def _action(button: Json) -> Json | None:
    for name in _STRINGS:
        value = field(button, name, str)
        if value is None:
            continue
        if name == "url":
            return {name: _url(value)}
        if name == "callback_data" and not 1 <= len(value.encode()) <= 64:
            raise bad_request("BUTTON_DATA_INVALID")
        return {name: value}
    for name in _OBJECTS:
        value = field(button, name, dict)
        if value is not None:
            return {name: value}
    return {"pay": True} if field(button, "pay", bool) else None


def _url(url: str) -> str:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https", "tg", "ton", "tonsite") or not parts.netloc or " " in url:
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    return url
