"""The ledger's Lua scripts, loaded from `jobs/lua/`; each runs as one atomic step in Redis."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from jobs import histograms, keys
from jobs.errors import LedgerUnavailable

_FOLDER = Path(__file__).parent / "lua"

# The key builders of the scripts come from keys.py: each is called with a piece of Lua that closes the
# string literal around it, appends the argument and opens the literal again.
_ARGUMENT: Any = "' .. x .. '"
_BUILDERS = "\n".join(
    f"local function {name}(x) return '{pattern}' end"
    for name, pattern in {
        "job_key": keys.job(_ARGUMENT),
        "state_key": keys.in_state(_ARGUMENT),
        "waiting_key": keys.waiting(_ARGUMENT),
        "since_key": keys.since(_ARGUMENT),
        "active_key": keys.active_of(_ARGUMENT),
        "history_key": keys.history_of(_ARGUMENT),
        "wake_key": keys.wake(_ARGUMENT),
        "trial_key": keys.trial(_ARGUMENT),
        "bucket_key": keys.user_bucket(_ARGUMENT),
        "busy_key": keys.told_busy(_ARGUMENT),
        "inflight_key": keys.inflight(_ARGUMENT),
        "followers_key": keys.followers(_ARGUMENT),
        "spend_key": keys.spend(_ARGUMENT),
        "paused_key": keys.paused(),
        "blocked_key": keys.blocked(),
        "vips_key": keys.vips(),
        "people_key": keys.people(),
        "broadcast_key": keys.broadcast(_ARGUMENT),
        "broadcasting_key": keys.broadcasting(),
        "sequence_key": keys.sequence(),
        "due_key": keys.due(),
        "counts_key": keys.counts(),
        "observations_key": keys.observations(),
        "excused_key": keys.excused(),
    }.items()
) + "".join(
    f"\nlocal {name} = {{ {', '.join(map(str, histograms.thousandths(bounds)))} }}"
    for name, bounds in {"SECONDS": histograms.SECONDS, "POLLS": histograms.POLLS}.items()
)


@contextmanager
def ledger_errors() -> Iterator[None]:
    """Turn what the Redis client raises into LedgerUnavailable."""
    try:
        yield
    except redis.RedisError as error:
        raise LedgerUnavailable(str(error)) from error


class Scripts:
    """All scripts, bound to one client. `scripts("move", ...)` runs `jobs/lua/move.lua`.

    A server that was restarted and has forgotten them gets their text again (EVALSHA, then EVAL).
    """

    def __init__(self, client: "redis.Redis") -> None:
        prelude = _BUILDERS + "\n" + (_FOLDER / "prelude.lua").read_text(encoding="utf-8")
        self._scripts = {
            file.stem: client.register_script(prelude + file.read_text(encoding="utf-8"))
            for file in _FOLDER.glob("*.lua")
            if file.stem != "prelude"
        }

    def __call__(self, name: str, *args: str | int | float) -> Any:
        """Run one script; raises LedgerUnavailable."""
        with ledger_errors():
            return self._scripts[name](args=args)
