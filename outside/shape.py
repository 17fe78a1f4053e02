"""Bounded parsing of untrusted JSON: its size, depth and number of values are measured before. Pure.

A parser turns three bytes (`[],`) into seventy bytes of memory, and a thousand brackets overflow its stack.
"""

import json
import re
from typing import Any

LARGEST = 8 * 1024 * 1024
"""Most bytes of one text."""
DEEPEST = 64
"""Most levels of objects and lists inside one another."""
MOST_PARTS = 200_000
"""Most values of one text, names included."""
_NO_TEXT = re.compile("[\ud800-\udfff]")
_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def parsed(text: bytes | bytearray) -> Any:
    """Return the value of a JSON text in UTF-8. Raises ValueError if it is not JSON, or exceeds a bound."""
    if len(text) > LARGEST:
        raise ValueError(f"more than {LARGEST} bytes of JSON")
    _measure(text)
    try:
        # Decoded here: given bytes, the parser would guess other encodings, for which the measure is wrong.
        return json.loads(text.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        reason = f"no JSON: {error.msg} at {error.pos}"
    except UnicodeDecodeError as error:
        reason = f"no JSON: {error.reason} at {error.start}"
    # The parser's own errors hold the whole text, and some print it.
    raise ValueError(reason)


def clean(text: str) -> str:
    """Return a text with lone surrogates replaced. JSON can contain them, but UTF-8 cannot encode them."""
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)


def _measure(text: bytes | bytearray) -> None:
    """Raise ValueError for a text that would cost too much to parse. Takes linear time."""
    bare = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    if bare.count(b'"') > 2 * MOST_PARTS:
        raise ValueError(f"more than {MOST_PARTS} texts in JSON")
    outside = b"".join(bare.split(b'"')[::2])
    if sum(map(outside.count, (b",", b":", b"[", b"{"))) > MOST_PARTS:
        raise ValueError(f"more than {MOST_PARTS} values in JSON")
    depth = 0
    for bracket in outside.translate(None, _BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST:
            raise ValueError(f"JSON nested more than {DEEPEST} deep")
