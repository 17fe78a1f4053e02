"""Token buckets in Redis that many processes share, for calls to Telegram and to the providers.

The scripts run on a client of the caller's, which may be of asyncio; `take` and `hold` make their keys and
arguments. `ledger.admission` has its users' buckets inside its own one step.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jobs.limits import Rate

_FOLDER = Path(__file__).parents[1] / "lua"
SHARED = (_FOLDER / "shared" / "bucket.lua").read_text(encoding="utf-8")
"""How a bucket fills, for these scripts and for the ledger's."""
TAKE = f"{SHARED}\n{(_FOLDER / 'buckets' / 'take.lua').read_text(encoding='utf-8')}"
HOLD = (_FOLDER / "buckets" / "hold.lua").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """One bucket: its key, its rate, and the level that it must have for a call that is to be spared."""

    key: str
    rate: Rate
    spare: float


class ScriptCall(NamedTuple):
    """What a script is run with."""

    keys: list[str]
    args: list[Any]


@dataclass(frozen=True, slots=True)
class BucketAnswer:
    """What the buckets say; the words are explained in `ledger/lua/buckets/take.lua`."""

    word: str
    wait_s: float

    @classmethod
    def of(cls, found: Any) -> "BucketAnswer":
        """From what the script answers."""
        word, wait_ms = found
        return cls(word, int(wait_ms) / 1000)


def take(
    hold_key: str, buckets: Sequence[TokenBucket], mode: str, patience_s: float, tokens: int = 1
) -> ScriptCall:
    """TAKE for one bucket, or for a narrow one and a wide one."""
    rates = [part for one in buckets for part in (one.rate.burst, one.rate.per_s / 1000, one.spare)]
    arguments = [tokens, math.floor(patience_s * 1000), mode, *rates]
    return ScriptCall([hold_key, *(one.key for one in buckets)], arguments)


def hold(hold_key: str, bucket: TokenBucket, seconds: float) -> ScriptCall:
    """HOLD: nothing is taken for so long; a longer hold stays as it is."""
    rate = bucket.rate
    return ScriptCall([hold_key, bucket.key], [math.ceil(seconds * 1000), rate.burst, rate.per_s / 1000])
