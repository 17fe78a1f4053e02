"""Formatted text: what Telegram recognizes in plain text, and the HTML parse mode.

The error texts and the rules (tags, attributes, entities, byte offsets) are those of TDLib's `parse_html`.
Offsets and lengths in entities count UTF-16 code units.
"""

import html
import re
from typing import Any

from stand.telegram.errors import bad_request

Entity = dict[str, Any]

_PLAIN = re.compile(
    r"(?P<url>(?:https?|ftp|tg)://[^\s<>\"']*[^\s<>\"'.,;:!?)\]])"
    r"|(?<![\w@/])(?P<mention>@[A-Za-z]\w{3,31})\b"
    r"|(?<![\w/@<>])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z]\w{2,31})?)(?![\w/])"
    r"|(?<![\w#])(?P<hashtag>#\w*[^\W\d]\w*)"
)
_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "span": "spoiler", "code": "code", "pre": "pre", "blockquote": "blockquote", "a": "text_link",
    "tg-emoji": "custom_emoji",
}  # fmt: skip
_START_TAG = re.compile(r"<([A-Za-z0-9-]*)((?:\s+[A-Za-z-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[\w.-]+))?)*)\s*>")
_END_TAG = re.compile(r"</\s*([A-Za-z0-9-]*)\s*>")
_ATTRIBUTE = re.compile(r"([A-Za-z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([\w.-]+)))?")
_SPECIAL = re.compile(r"[<&]")
_START_NAME = re.compile(r"<([^\s>/]*)")
_REFERENCE = re.compile(r"&(?:#\d+|#x[0-9a-fA-F]+|lt|gt|amp|quot);?")


def units(text: str) -> int:
    """Return the length in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def plain_entities(text: str) -> list[Entity]:
    """Return the commands, URLs, mentions and hashtags in a text without formatting."""
    if not any(mark in text for mark in "/@#"):
        return []
    return [
        {"type": str(match.lastgroup), "offset": units(text[: match.start()]), "length": units(match.group())}
        for match in _PLAIN.finditer(text)
    ]


def add_plain(text: str, entities: list[Entity]) -> list[Entity]:
    """Return `entities` plus those recognized in the text outside of them, in Telegram's order."""
    taken = [(entity["offset"], entity["offset"] + entity["length"]) for entity in entities]
    for found in plain_entities(text):
        start, end = found["offset"], found["offset"] + found["length"]
        if all(end <= left or right <= start for left, right in taken):
            entities.append(found)
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return entities


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Return text and entities of an HTML-formatted text.

    Raises:
        ApiError: 400 "can't parse entities: ...", as Telegram does.
    """
    parser = _Html(source)
    return parser.text(), parser.entities


class _Html:
    def __init__(self, source: str) -> None:
        self._source = source
        self._parts: list[str] = []
        self._length = 0
        self._open: list[tuple[str, int, Entity | None]] = []
        self.entities: list[Entity] = []

    def text(self) -> str:
        position = 0
        source = self._source
        while position < len(source):
            character = source[position]
            if character == "&" and (match := _REFERENCE.match(source, position)):
                self._append(html.unescape(match.group()))
                position = match.end()
            elif character == "<":
                position = self._end(position) if source.startswith("</", position) else self._start(position)
            else:
                special = _SPECIAL.search(source, position + 1)
                following = special.start() if special else len(source)
                self._append(source[position:following])
                position = following
        if self._open:
            raise self._error(f'Can\'t find end tag corresponding to start tag "{self._open[-1][0]}"')
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return "".join(self._parts)

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += units(text)

    def _error(self, words: str) -> Exception:
        return bad_request(f"can't parse entities: {words}")

    def _at(self, position: int) -> int:
        return len(self._source[:position].encode())

    def _start(self, position: int) -> int:
        name_match = _START_NAME.match(self._source, position)
        name = name_match.group(1).lower() if name_match else ""
        if name not in _TAGS:
            raise self._error(f'Unsupported start tag "{name}" at byte offset {self._at(position)}')
        match = _START_TAG.match(self._source, position)
        if not match:
            raise self._error(f'Unclosed start tag "{name}" at byte offset {self._at(position)}')
        attributes = {
            found[1].lower(): html.unescape(found[2] or found[3] or found[4] or "")
            for found in _ATTRIBUTE.finditer(match.group(2))
        }
        self._open.append((name, self._length, self._entity(name, attributes, position)))
        return match.end()

    def _entity(self, name: str, attributes: dict[str, str], position: int) -> Entity | None:
        kind = _TAGS[name]
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise self._error(f'Tag "span" must have class "tg-spoiler" at byte offset {self._at(position)}')
        if name == "a":
            return {"type": kind, "url": attributes["href"]} if attributes.get("href") else None
        if name == "blockquote" and "expandable" in attributes:
            return {"type": "expandable_blockquote"}
        if name == "tg-emoji":
            if not attributes.get("emoji-id", "").isdigit():
                raise self._error("Custom emoji entity must have a valid emoji identifier")
            return {"type": kind, "custom_emoji_id": attributes["emoji-id"]}
        if name == "code" and self._open and self._open[-1][0] == "pre":
            language = attributes.get("class", "")
            outer = self._open[-1][2]
            if language.startswith("language-") and outer is not None:
                outer["language"] = language.removeprefix("language-")
                return None
        return {"type": kind}

    def _end(self, position: int) -> int:
        at = self._at(position)
        if not self._open:
            raise self._error(f"Unexpected end tag at byte offset {at}")
        match = _END_TAG.match(self._source, position)
        if not match:
            raise self._error(f"Unclosed end tag at byte offset {at}")
        name, offset, entity = self._open.pop()
        found = match.group(1).lower()
        if found and found != name:
            raise self._error(
                f'Unmatched end tag at byte offset {at}, expected "</{name}>", found "</{found}>"'
            )
        length = self._length - offset
        if entity is not None and length:
            self.entities.append({**entity, "offset": offset, "length": length})
        return match.end()
