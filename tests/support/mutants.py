"""Valid JSON and valid lines with faults put into them, the same for the same seed."""

import copy
import json
import os
from collections.abc import Sequence
from random import Random
from typing import Any

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "120"))
"""Number of examples of each kind; `make fuzz` sets more."""
SEED = int(os.environ.get("FUZZ_SEED", "20"))


def nested(depth: int, inner: Any = 1) -> Any:
    """Return `depth` nested lists."""
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
"""Values that a program rarely expects."""


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of keys to every place in a JSON value."""
    found = [way] if way else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found += places(each, (*way, key))
    return found


def mutant(chance: Random, original: Any) -> Any:
    """Return a copy with one to three values replaced or left out; sometimes another value altogether."""
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
    """Return a value as JSON, which is sometimes damaged."""
    raw = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    return damaged(chance, raw) if chance.random() < 0.2 else raw


def damaged(chance: Random, raw: bytes) -> bytes:
    """Return bytes of which some are cut off, repeated, or replaced."""
    at = chance.randrange(len(raw) + 1)
    how = chance.randrange(4)
    if how == 0:
        return raw[:at]
    if how == 1:
        return raw[:at] + raw[max(0, at - 20) :]
    if how == 2:
        return raw[:at] + chance.randbytes(chance.randint(1, 8)) + raw[at + 1 :]
    return raw[:at] + chance.choice((b"[" * 3000, b"\r\n", b"\x00", b"{" * 300, b'"', b"\\")) + raw[at:]
