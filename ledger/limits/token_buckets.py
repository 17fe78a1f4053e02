"""Token buckets in Redis that many processes share, for calls to Telegram and to the providers.

Callers run the scripts with their own client, which may be an asyncio one; `take` and `hold` build the keys
and arguments. The users' buckets are not among these: the script of `ledger.admission` takes their tokens.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jobs.limits import Rate

_FOLDER = Path(__file__).parents[1] / "lua"
SHARED = (_FOLDER / "shared" / "bucket.lua").read_text(encoding="utf-8")
"""The Lua functions that refill a bucket, for these scripts and for the ledger's."""
TAKE = f"{SHARED}\n{(_FOLDER / 'buckets' / 'take.lua').read_text(encoding='utf-8')}"
HOLD = (_FOLDER / "buckets" / "hold.lua").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """One bucket: its key, its rate, and the level that it must have in the mode `spare`."""

    key: str
    rate: Rate
    spare: float


class ScriptCall(NamedTuple):
    """The keys and arguments to run a script with."""

    keys: list[str]
    args: list[Any]


@dataclass(frozen=True, slots=True)
class BucketAnswer:
    """The result of TAKE; `ledger/lua/buckets/take.lua` explains the words."""

    word: str
    wait_s: float

    @classmethod
    def of(cls, found: Any) -> "BucketAnswer":
        """Read the result of the script."""
        word, wait_ms = found
        return cls(word, int(wait_ms) / 1000)


def take(
    hold_key: str, buckets: Sequence[TokenBucket], mode: str, patience_s: float, tokens: int = 1
) -> ScriptCall:
    """Return the call of TAKE for one bucket, or for a narrow one and the wide one around it.

    Args:
        mode: What to do where tokens are short; `ledger/lua/buckets/take.lua` explains the modes.
        patience_s: The longest wait (s) for which tokens are taken on credit.
    """
    rates = [part for one in buckets for part in (one.rate.burst, one.rate.per_s / 1000, one.spare)]
    arguments = [tokens, math.floor(patience_s * 1000), mode, *rates]
    return ScriptCall([hold_key, *(one.key for one in buckets)], arguments)


def hold(hold_key: str, bucket: TokenBucket, seconds: float) -> ScriptCall:
    """Return the call of HOLD: no token is taken for the given seconds. A longer hold stays as it is."""
    rate = bucket.rate
    return ScriptCall([hold_key, bucket.key], [math.ceil(seconds * 1000), rate.burst, rate.per_s / 1000])
