"""The MarkdownV2 parse mode, and the part that legacy Markdown shares with it.

The rules are those of https://core.telegram.org/bots/api#markdownv2-style: reserved characters must be
escaped, and an opened entity must be closed. Blockquotes and custom emoji count as plain text.
"""

import re

from stand.telegram.errors import bad_request
from stand.telegram.text.entities import Entity, units

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_MARKS_V2 = {"__": "underline", "_": "italic", "*": "bold", "~": "strikethrough", "||": "spoiler"}
_MARKS_V1 = {"_": "italic", "*": "bold"}
_NAMES = {
    "underline": "Underline",
    "italic": "Italic",
    "bold": "Bold",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
}
_PRE = re.compile(r"```(?:([^\s`]+)\n)?\n?(.*?)```", re.DOTALL)
_CODE = re.compile(r"`((?:\\.|[^`\\])*)`", re.DOTALL)
_LINK_END = re.compile(r"\]\(((?:\\.|[^)\\])*)\)")
_ESCAPE = re.compile(r"\\([\x01-\x7e])")


def parse_markdown_v2(source: str, legacy: bool = False) -> tuple[str, list[Entity]]:
    """Return text and entities of a Markdown text.

    Raises:
        ApiError: 400 "can't parse entities: ...", as Telegram does.
    """
    return _Markdown(source, legacy).parse()


class _Markdown:
    def __init__(self, source: str, legacy: bool) -> None:
        self._source = source
        self._legacy = legacy
        self._marks = _MARKS_V1 if legacy else _MARKS_V2
        self._parts: list[str] = []
        self._length = 0
        self._open: list[tuple[str, int, int]] = []
        self._entities: list[Entity] = []

    def parse(self) -> tuple[str, list[Entity]]:
        position = 0
        while position < len(self._source):
            position = self._step(position)
        if self._open:
            mark, _, at = self._open[-1]
            raise self._unclosed(_NAMES.get(self._marks.get(mark, ""), "TextUrl"), at)
        self._entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return "".join(self._parts), self._entities

    def _step(self, position: int) -> int:
        character = self._source[position]
        if character == "\\" and position + 1 < len(self._source):
            self._append(self._source[position + 1])
            return position + 2
        if character == "`":
            return self._code(position)
        if character == "[":
            self._open.append(("[", self._length, position))
            return position + 1
        if character == "]" and any(mark == "[" for mark, _, _ in self._open):
            return self._link(position)
        mark = next((mark for mark in self._marks if self._source.startswith(mark, position)), None)
        if mark:
            self._toggle(mark, position)
            return position + len(mark)
        if not self._legacy and character in _RESERVED:
            words = f"Character '{character}' is reserved and must be escaped with the preceding '\\'"
            raise bad_request(f"can't parse entities: {words}")
        self._append(character)
        return position + 1

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += units(text)

    def _unclosed(self, name: str, position: int) -> Exception:
        at = len(self._source[:position].encode())
        words = (
            f"the entity starting at byte offset {at}"
            if self._legacy
            else f"{name} entity at byte offset {at}"
        )
        return bad_request(f"can't parse entities: Can't find end of {words}")

    def _add(self, kind: str, start: int, **more: str) -> None:
        if self._length > start:
            self._entities.append({"type": kind, "offset": start, "length": self._length - start, **more})

    def _toggle(self, mark: str, position: int) -> None:
        if self._open and self._open[-1][0] == mark:
            _, start, _ = self._open.pop()
            self._add(self._marks[mark], start)
        elif any(opened == mark for opened, _, _ in self._open):
            inner, _, at = self._open[-1]
            raise self._unclosed(_NAMES.get(self._marks.get(inner, ""), "TextUrl"), at)
        else:
            self._open.append((mark, self._length, position))

    def _code(self, position: int) -> int:
        start = self._length
        block = _PRE.match(self._source, position)
        if block:
            self._append(_ESCAPE.sub(r"\1", block[2]))
            self._add("pre", start, **({"language": block[1]} if block[1] else {}))
            return block.end()
        inline = None if self._source.startswith("```", position) else _CODE.match(self._source, position)
        if not inline:
            raise self._unclosed("PreCode" if self._source.startswith("```", position) else "Code", position)
        self._append(_ESCAPE.sub(r"\1", inline[1]))
        self._add("code", start)
        return inline.end()

    def _link(self, position: int) -> int:
        mark, start, at = self._open.pop()
        if mark != "[":
            raise self._unclosed(_NAMES[self._marks[mark]], at)
        target = _LINK_END.match(self._source, position)
        if target is None:
            return position + 1
        self._add("text_link", start, url=_ESCAPE.sub(r"\1", target[1]))
        return target.end()
