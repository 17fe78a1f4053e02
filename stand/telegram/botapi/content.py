"""Texts and captions: parse mode, entities, lengths."""

from collections.abc import Mapping
from typing import Any

from stand.telegram.botapi.params import Params, field
from stand.telegram.errors import bad_request
from stand.telegram.text.entities import Entity, add_plain, parse_html, units
from stand.telegram.text.markdown import parse_markdown_v2

Json = dict[str, Any]

TEXT_LENGTH = 4_096
CAPTION_LENGTH = 1_024
_SOURCE_BYTES = 1 << 15
_FOUND_BY_ITSELF = frozenset(
    {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"}
)
_GIVEN = {
    "bold": (), "italic": (), "underline": (), "strikethrough": (), "spoiler": (), "code": (),
    "blockquote": (), "expandable_blockquote": (), "pre": ("language",), "text_link": ("url",),
    "text_mention": ("user",), "custom_emoji": ("custom_emoji_id",),
}  # fmt: skip


def read_text(params: Params) -> Json:
    """Return {"text", "entities"?} of sendMessage and editMessageText."""
    source = params.text("text")
    if not source:
        raise bad_request("message text is empty")
    entities = params.json("entities", "entities") if "parse_mode" not in params else None
    text, found = _formatted(source, params.text("parse_mode"), entities)
    if not text:
        raise bad_request("text must be non-empty")
    if len(text) > TEXT_LENGTH:
        raise bad_request("message is too long")
    return {"text": text, "entities": found} if found else {"text": text}


def read_caption(source: Params | Mapping[str, Any]) -> Json:
    """Return {"caption", "caption_entities"?, ...} of a call or an InputMedia; {} without a caption."""
    if isinstance(source, Params):
        caption, mode = source.text("caption"), source.text("parse_mode")
        entities = source.json("caption_entities", "caption entities")
        flags = [name for name in ("show_caption_above_media",) if source.flag(name)]
    else:
        caption, mode = field(source, "caption", str) or "", field(source, "parse_mode", str) or ""
        entities = source.get("caption_entities")
        flags = [name for name in ("show_caption_above_media",) if field(source, name, bool)]
    text, found = _formatted(caption, mode, None if mode else entities)
    if len(text) > CAPTION_LENGTH:
        raise bad_request("message caption is too long")
    if not text:
        return {}
    shown: Json = {"caption": text, **dict.fromkeys(flags, True)}
    return {**shown, "caption_entities": found} if found else shown


def _formatted(source: str, mode: str, given: Any) -> tuple[str, list[Entity]]:
    if len(source.encode("utf-8", "replace")) > _SOURCE_BYTES:
        raise bad_request("text is too long")
    mode = mode.lower()
    entities: list[Entity] = []
    text = source
    if source and mode and mode != "none":
        if mode == "html":
            text, entities = parse_html(source)
        elif mode in ("markdownv2", "markdown"):
            text, entities = parse_markdown_v2(source, legacy=mode == "markdown")
        else:
            raise bad_request("unsupported parse_mode")
    elif isinstance(given, list):
        entities = [entity for item in given if (entity := _given(item))]
    return _trimmed(text, entities)


def _given(item: Any) -> Entity | None:
    try:
        if not isinstance(item, dict):
            raise ValueError("expected an Object")
        entity = {
            "offset": field(item, "offset", int, required=True),
            "length": field(item, "length", int, required=True),
        }
        kind = field(item, "type", str, required=True)
        if kind in _FOUND_BY_ITSELF:
            return None
        if kind not in _GIVEN:
            raise ValueError("Unsupported type specified")
    except ValueError as error:
        raise bad_request(f"can't parse MessageEntity: {error}") from None
    more = {name: item[name] for name in _GIVEN[kind] if item.get(name)}
    return {"type": kind, **entity, **more}


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    bare = text.strip()
    if not entities:
        return bare, add_plain(bare, [])
    cut = units(text[: len(text) - len(text.lstrip())])
    end = units(bare)
    kept = []
    for entity in entities:
        start = max(0, entity["offset"] - cut)
        stop = min(end, entity["offset"] + entity["length"] - cut)
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return bare, add_plain(bare, kept)
