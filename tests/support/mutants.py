"""Genuine JSON and genuine lines, put wrong in places: the same for the same seed."""

import copy
import json
import os
from collections.abc import Sequence
from random import Random
from typing import Any

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "120"))
"""Of each kind; `make fuzz` sets more."""
SEED = int(os.environ.get("FUZZ_SEED", "20"))


def nested(depth: int, inner: Any = 1) -> Any:
    """Lists inside one another."""
    for _ in range(depth):
        inner = [inner]
    return inner


ODD: Sequence[Any] = (
    None, True, False, 0, -1, 2**70, -(2**70), 0.5, float("inf"), float("nan"), "", " ", "\ud800", "\x00",
    "\x1b[2J", "9" * 400, "x" * 70_000, "../account?x=", "p1\n", "\u0663", "succeeded", "failed", "canceled", "https://[",
    "https://10.0.0.1/a.png", "data:image/png;base64,%%%", "data:", "0001-01-01T00:00:00", "2026-13-45",
    "9999-12-31T23:59:59-23:59", [], {}, [None], ["https://x/a.png"] * 300, {"": None},
    {"__type__": "decimal", "__value__": "x"},
    {"url": nested(20, "https://x/a.png")}, nested(63), nested(70), nested(200), list(range(1000)),
)  # fmt: skip
"""Values that are seldom where they are looked for."""


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return every place in a JSON value, as the keys that lead there."""
    found = [way] if way else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found += places(each, (*way, key))
    return found


def mutant(chance: Random, original: Any) -> Any:
    """Return a copy of which one to three places are put wrong or left out; sometimes it is another value."""
    if chance.random() < 0.05:
        return copy.deepcopy(chance.choice(ODD))
    changed = copy.deepcopy(original)
    for _ in range(chance.randint(1, 3)):
        ways = places(changed)
        if not ways:
            break
        *outer, last = chance.choice(ways)
        parent = changed
        for key in outer:
            parent = parent[key]
        if chance.random() < 0.2:
            del parent[last]
        else:
            parent[last] = copy.deepcopy(chance.choice(ODD))
    return changed


def text(chance: Random, value: Any) -> bytes:
    """Return it as JSON, which is sometimes damaged."""
    raw = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    return damaged(chance, raw) if chance.random() < 0.2 else raw


def damaged(chance: Random, raw: bytes) -> bytes:
    """Return bytes of which some are cut off, doubled, or others."""
    at = chance.randrange(len(raw) + 1)
    how = chance.randrange(4)
    if how == 0:
        return raw[:at]
    if how == 1:
        return raw[:at] + raw[max(0, at - 20) :]
    if how == 2:
        return raw[:at] + chance.randbytes(chance.randint(1, 8)) + raw[at + 1 :]
    return raw[:at] + chance.choice((b"[" * 3000, b"\r\n", b"\x00", b"{" * 300, b'"', b"\\")) + raw[at:]
