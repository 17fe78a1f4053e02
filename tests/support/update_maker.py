"""Updates for tests that put them wrong: genuine ones of each kind, and ones made of the Bot API's own
description where that is at hand; and what becomes of them when fields have another type."""

import copy
import random
from typing import Any

from webhook_stage import said

Json = dict[str, Any]
Way = tuple[Any, ...]

BOT = {"id": 7001001, "is_bot": True, "first_name": "Darkroom", "username": "DarkroomBot"}
JOB = "abcdefghij234567abcd"
WORDS: dict[str, tuple[Any, ...]] = {
    "text": (
        "/image a fox --ar 16:9",
        "a fox",
        "/cancel all",
        "/help",
        "/vip list",
        "@DarkroomBot a fox",
        "/x",
    ),
    "caption": ("@DarkroomBot look", "a fox"),
    "data": (
        f"cancel:{JOB}",
        f"again:{JOB}",
        f"show:{JOB}",
        "history:10",
        "open:model:image",
        "choose:ar:image=",
    ),
    "type": (
        "private",
        "group",
        "supergroup",
        "channel",
        "bot_command",
        "mention",
        "photo",
        "emoji",
        "static",
    ),
    "language_code": ("en", "ru", "pt-br"),
    "date": (1_700_000_000,),
    "offset": (0, 1),
    "length": (1, 6),
    "id": (5, 77, -1001234567890),
}
"""What fields of these names hold, so that an update means something to a handler."""
WRONG: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 7, 1.5, 10**30, float("nan")),
    *("", "x", "5", "\ud800", "\x00", "a" * 5000, "/image " * 900),
    *(
        [],
        [None],
        [1],
        ["x"],
        [[]],
        [{}],
        [{"type": "mention"}],
        {},
        {"id": 1},
        {"id": "x"},
        {"x": {"x": []}},
    ),
)
LEFT_OUT = object()
DEEPEST = 8
OURS = ("message", "edited_message", "callback_query")
OTHERS = ("channel_post", "inline_query", "my_chat_member", "poll", "message_reaction", "business_message")


def genuine() -> list[Json]:
    """One of each kind that a handler of Darkroom takes."""
    user = 5
    person = {"id": user, "is_bot": False, "first_name": "Ann", "language_code": "en", "username": "ann"}
    message = said(user, "/image a fox --ar 16:9", 9)["message"]
    words = said(user, "a fox", 10)["message"]
    group = {"id": -1001234567890, "type": "supergroup", "title": "Foxes", "is_forum": True}
    in_group = words | {"chat": group, "message_thread_id": 3, "is_topic_message": True}
    button = {"text": "Again", "callback_data": f"again:{JOB}"}
    shown = {
        **message,
        "from": BOT,
        "reply_markup": {"inline_keyboard": [[button]]},
        "reply_to_message": words,
    }
    mention = {"type": "mention", "offset": 0, "length": 12}
    kinds: list[Json] = [
        {"message": message},
        {"message": words | {"reply_to_message": shown}},
        {"message": in_group | {"text": "@DarkroomBot a fox", "entities": [mention]}},
        {"message": in_group | {"sender_chat": group, "text": "/jobs@DarkroomBot"}},
        {"message": {**in_group, "text": "@DarkroomBot /video waves", "entities": [mention]}},
        {
            "message": {k: v for k, v in words.items() if k != "text"}
            | {"sticker": _sticker(), "media_group_id": "7"}
        },
        {"edited_message": message | {"edit_date": 1}},
    ]
    for data in WORDS["data"] + (f"broadcast:send:{JOB}", "nothing"):
        query = {"id": "1", "from": person, "message": shown, "chat_instance": "1", "data": data}
        kinds.append({"callback_query": query})
    commands = (
        "/help",
        "/history",
        "/settings",
        "/vip grant 5 7",
        "/block 5",
        "/job x",
        "/stats",
        "/nothing",
    )
    kinds += [{"message": said(user, text, 11)["message"]} for text in commands]
    return kinds


def _sticker() -> Json:
    marks = {
        "file_id": "1",
        "file_unique_id": "1",
        "type": "regular",
        "is_animated": False,
        "is_video": False,
    }
    return marks | {"width": 512, "height": 512}


def places(value: Any, way: Way = ()) -> list[Way]:
    """Every place in a JSON value, as the keys that lead there."""
    found = [way] if way else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found += places(each, (*way, key))
    return found


def put(value: Json, way: Way, what: Any) -> Json:
    """A copy with another value at this place, or none."""
    changed = copy.deepcopy(value)
    parent: Any = changed
    for key in way[:-1]:
        parent = parent[key]
    if what is LEFT_OUT:
        del parent[way[-1]]
    else:
        parent[way[-1]] = copy.deepcopy(what)
    return changed


def field_by_field() -> list[Json]:
    """Each genuine update with each of its fields put wrong, in each of the ways."""
    return [
        put(update, way, what)
        for update in genuine()
        for way in places(update)
        for what in (*WRONG, LEFT_OUT)
    ]


class Maker:
    """Makes updates of the types that the Bot API's description has (`types` of its JSON)."""

    def __init__(self, types: Json, dice: random.Random) -> None:
        self._types = types
        self._dice = dice

    def update(self) -> Json:
        """One of any kind, of which one to three fields are put wrong."""
        kind = self._dice.choice(OURS * 4 + OTHERS)
        (types,) = [field["types"] for field in self._types["Update"]["fields"] if field["name"] == kind]
        made: Json = {kind: self._value(kind, types[0], 0)}
        for _ in range(self._dice.randint(1, 3)):
            ways = places(made)
            if not ways:
                break
            made = put(made, self._dice.choice(ways), self._dice.choice((*WRONG, LEFT_OUT)))
        return made

    def _value(self, name: str, kind: str, depth: int) -> Any:
        if kind.startswith("Array of "):
            inner = kind.removeprefix("Array of ")
            return [self._value(name, inner, depth + 1) for _ in range(self._dice.randint(0, 2))]
        if kind in self._types:
            return self._object(name, kind, depth) if depth < DEEPEST else {}
        if name in WORDS and kind in ("String", "Integer"):
            found = [each for each in WORDS[name] if isinstance(each, str) == (kind == "String")]
            if found:
                return self._dice.choice(found)
        plain = {"Integer": 3, "Float": 0.5, "Boolean": True, "True": True}
        return plain.get(kind, "x")

    def _object(self, name: str, kind: str, depth: int) -> Any:
        about = self._types[kind]
        if subtypes := about.get("subtypes"):
            return self._value(name, self._dice.choice(subtypes), depth + 1)
        likely = 0.3 / (depth + 1)
        made: Json = {}
        for field in about.get("fields", ()):
            ours = depth < 3 and field["name"] in WORDS
            if field["required"] or ours or self._dice.random() < likely:
                made[field["name"]] = self._value(field["name"], field["types"][0], depth + 1)
        return made
