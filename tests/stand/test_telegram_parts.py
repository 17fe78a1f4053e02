"""Parts of the stand on their own: formatted text, flood control, files within their bound."""

import hashlib
from typing import Any

import pytest
from telegram_stand_tools import png

from stand.telegram.errors import ApiError
from stand.telegram.files import FileStore
from stand.telegram.limits import FloodControl
from stand.telegram.text.entities import parse_html, plain_entities
from stand.telegram.text.markdown import parse_markdown_v2


def _marked(text: str, entities: list[dict[str, Any]]) -> list[tuple[str, str]]:
    units = text.encode("utf-16-le")
    return [
        (e["type"], units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le"))
        for e in entities
    ]


@pytest.mark.parametrize(
    ("source", "text", "marked"),
    [
        ("<b>bo<i>th</i></b>", "both", [("bold", "both"), ("italic", "th")]),
        ("🦊 <u>fox</u> &lt;3 &amp; &#33;", "🦊 fox <3 & !", [("underline", "fox")]),
        ('<a href="https://x.org/?a=1&amp;b">x</a>', "x", [("text_link", "x")]),
        ('<pre><code class="language-py">1</code></pre>', "1", [("pre", "1")]),
        (
            '<span class="tg-spoiler">s</span><tg-spoiler>t</tg-spoiler>',
            "st",
            [("spoiler", "s"), ("spoiler", "t")],
        ),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", "q")]),
        ("fish & chips", "fish & chips", []),
    ],
)
def test_html_becomes_entities(source: str, text: str, marked: list[tuple[str, str]]) -> None:
    """Offsets count UTF-16 units, so that they hold after an emoji."""
    parsed, entities = parse_html(source)
    assert (parsed, _marked(parsed, entities)) == (text, marked)


@pytest.mark.parametrize(
    ("source", "text", "marked"),
    [
        ("*b _i_* ~s~ __u__ ||p||", "b i s u p", ["bold", "italic", "strikethrough", "underline", "spoiler"]),
        (r"1\.5 \*no\*", "1.5 *no*", []),
        ("[x](https://x.org/\\)) `c.d`", "x c.d", ["text_link", "code"]),
        ("```py\nprint(1)```", "print(1)", ["pre"]),
    ],
)
def test_markdown_becomes_entities(source: str, text: str, marked: list[str]) -> None:
    """MarkdownV2 with escapes, nesting, links and code."""
    parsed, entities = parse_markdown_v2(source)
    assert (parsed, [entity["type"] for entity in entities]) == (text, marked)


def test_plain_text_has_commands_links_mentions_and_hashtags() -> None:
    """Found where Telegram finds them, and not inside of words or paths."""
    text = "🦊 /image@darkroom_bot of @ann_b at https://x.org/a/b. #Fox no/command a@b.c 1/2"
    assert _marked(text, plain_entities(text)) == [
        ("bot_command", "/image@darkroom_bot"),
        ("mention", "@ann_b"),
        ("url", "https://x.org/a/b"),
        ("hashtag", "#Fox"),
    ]


def test_flood_control_refills_with_time() -> None:
    """A burst, then one a second; retry_after is enough to wait; the total holds across chats."""
    now = 0.0
    flood = FloodControl(clock=lambda: now)
    for _ in range(5):
        flood.take(1, 10)
    with pytest.raises(ApiError) as refused:
        flood.take(1, 10)
    assert refused.value.parameters == {"retry_after": 1}
    now = 1.0
    flood.take(1, 10)
    flood.configure({"per_chat_per_s": 1000, "burst": 1000})
    for chat in range(30):
        flood.take(1, chat + 1)
    with pytest.raises(ApiError):
        flood.take(1, 99)
    flood.take(2, 99)


def test_the_oldest_files_go_when_the_spool_is_full() -> None:
    """The newest stays; the same bytes are kept once; closing removes the directory."""
    store = FileStore(limit_bytes=1)
    blobs = []
    for size in (10, 11, 12):
        path = store.incoming()
        path.write_bytes(png(size))
        digest = hashlib.sha256(png(size)).hexdigest()
        blobs.append(store.keep(store.adopt(path, digest, "a.png")))
    assert [store.bytes_of(blob) is not None for blob in blobs] == [False, False, True]
    assert store.keep(blobs[2]) is blobs[2]
    assert len(list(store.directory.iterdir())) == 1
    store.close()
    assert not store.directory.exists()
