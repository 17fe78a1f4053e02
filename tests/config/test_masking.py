"""No secret survives in a text, however it is written there."""

import base64
import html
import json
import urllib.parse
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.logs.masking import MASK, Masker, parts_of
from config.settings import Settings

SECRETS = st.text(
    st.one_of(st.sampled_from("\\\"'/ %+&=:äé€😀<>"), st.characters(codec="utf-8", min_codepoint=0x21)),
    min_size=6,
    max_size=24,
)
AROUND = st.text(st.sampled_from("abc .:-"), max_size=5)


def _mixed(secret: str) -> str:
    """Every second character as URLs have it, as careful and careless programs leave a mixture."""
    return "".join(urllib.parse.quote(char, safe="") if at % 2 else char for at, char in enumerate(secret))


WAYS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret))[1:-1],
    "JSON in Unicode": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "Python": lambda secret: repr(secret)[1:-1],
    "Python's ASCII": lambda secret: ascii(secret)[1:-1],
    "Python's bytes": lambda secret: repr(secret.encode())[2:-1],
    "a path": urllib.parse.quote,
    "a URL's part": lambda secret: urllib.parse.quote(secret, safe=""),
    "a form": urllib.parse.quote_plus,
    "a URL's part in lower case": lambda secret: urllib.parse.quote(secret, safe="").lower(),
    "a URL in a URL": lambda secret: urllib.parse.quote(urllib.parse.quote(secret, safe=""), safe=""),
    "a mixture": _mixed,
    "HTML": html.escape,
    "hexadecimal digits": lambda secret: secret.encode().hex(),
}


@pytest.mark.parametrize("way", WAYS)
@given(secret=SECRETS, before=AROUND, behind=AROUND)
@settings(max_examples=30, deadline=None)
@example(secret='a "difficult\\ pässword', before="", behind="")
def test_a_secret_is_masked_in_every_spelling(way: str, secret: str, before: str, behind: str) -> None:
    """Given any secret in the middle of a text, written as one program or another would, I expect the text
    without it."""
    spelled = WAYS[way](secret)
    if way.endswith("lower case"):
        secret, spelled = secret.lower(), WAYS[way](secret.lower())
    masked = Masker([secret]).text(f"{before}{spelled}{behind}")
    assert MASK in masked
    assert spelled not in masked


@given(
    secret=st.text(st.characters(codec="utf-8"), min_size=8, max_size=24),
    before=st.binary(max_size=7),
    behind=st.binary(max_size=7),
)
@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_masked_within_base64(
    encode: Callable[[bytes], bytes], secret: str, before: bytes, behind: bytes
) -> None:
    """Given a secret as the password behind somebody's name (Basic authentication), or anywhere else in what
    is written in Base64, I expect no digit that tells of it."""
    digits = encode(before + secret.encode() + behind).decode()
    masked = Masker([secret]).text(f"Basic {digits} was refused")
    start, end = len(before) * 8 // 6, -(-(len(before) + len(secret.encode())) * 8 // 6)
    kept = masked.removeprefix("Basic ").removesuffix(" was refused")
    assert MASK in kept
    assert digits[:start].startswith(kept.partition(MASK)[0])
    assert digits[end:].endswith(kept.rpartition(MASK)[2])


@given(st.recursive(st.just("hush-hush"), lambda inner: st.one_of(
    st.lists(inner, max_size=3),
    st.tuples(inner),
    st.dictionaries(st.sampled_from(["a", "key hush-hush", "b"]), inner, max_size=3),
    st.builds(ValueError, inner),
)))  # fmt: skip
def test_values_are_masked_through_and_through(value: object) -> None:
    """Given lists, mappings and exceptions in each other, I expect the secret in none, keys included."""
    assert "hush-hush" not in repr(Masker(["hush-hush"]).value({"event": value}))


def test_what_is_nested_without_end_or_has_no_text_is_no_reason_to_fail() -> None:
    class Mute:
        def __repr__(self) -> str:
            raise RuntimeError("no text")

    nested: list[object] = ["hush-hush"]
    nested.append(nested)
    masked = Masker(["hush-hush"]).value({"nested": nested, "mute": Mute(), "number": 7})
    assert "hush-hush" not in repr(masked)
    assert masked["number"] == 7
    assert masked["mute"] == "<Mute without a text>"


def test_what_is_no_secret_stays_as_it_is() -> None:
    line = 'job "fox" at https://example.com/a%20b?c=d&e=f: \\u00e4 100 % done'
    assert Masker(["hush-hush", "r8_secret"]).text(line) == line
    assert Masker([]).text(line) == line
    assert Masker([""]).text(line) == line


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("7001001:half-of-a-token", {"half-of-a-token"}),
        (
            "ann:first word, bob:second word",
            {"ann:first word", "first word", "bob:second word", "second word"},
        ),
        (f"redis://bot:{quote('p@ss')}@redis:6379/0", {"p%40ss", "p@ss"}),
        ("sentinel://:one@a:26379;sentinel://:one@b:26379", {"one"}),
        ("https://key@sentry.example/7", {"key"}),
        ("whsec_words", {"words"}),
        ("r8_words", {"words"}),
        ("plain", set()),
        ("", set()),
    ],
)
def test_parts_of_a_secret_are_secrets_too(value: str, parts: set[str]) -> None:
    assert set(parts_of(value)) == parts | ({value} if value else set())


def test_the_settings_know_the_parts_of_their_secrets() -> None:
    found = Settings(flower_basic_auth="operator:open sesame", telegram_token="1:half").secrets()
    assert {"open sesame", "half", "1:half", "operator:open sesame"} <= set(found)


@pytest.mark.parametrize("size", [1000, 100_000])
def test_masking_takes_time_as_the_text_is_long(size: int) -> None:
    """Given texts made to have a pattern look back, I expect an answer all the same: each character is looked
    at a bounded number of times."""
    masker = Masker(["\\\\\\\\a" * 6, "%%%%26", "aaaaaaaaaaaab"])
    for unit in ("\\", "%25", "%", "a", "&#0", "+"):
        assert masker.text(unit * size) == unit * size
