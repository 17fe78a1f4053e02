"""The ledger's Lua scripts, loaded from `ledger/lua/`; each runs as one atomic step in Redis."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from jobs.errors import LedgerUnavailable
from jobs.failures import GIFTS, GIFTS_WITHIN_MS
from ledger import histograms, keys

TRAIL_KEPT = 100
"""Events of one job that are kept, the latest ones; a job without trouble has about ten."""
LONGEST_SHARE_MS = 5000
"""A spool puts nobody's next thing further back than this, however much of theirs it keeps."""
_FOLDER = Path(__file__).parent / "lua"
_SHARED = ("bucket", "budgets", "prelude", "spool")
"""The files in `shared/` that stand in front of every script, in this order: each knows those before it."""
CONFIRM_MS = 4000
"""Longest wait for the replicas to confirm a write."""

# The key builders of the scripts come from keys.py: each is called with a piece of Lua that closes the
# string literal around it, appends the argument and opens the literal again.
_ARGUMENT: Any = "' .. x .. '"
_SECOND: Any = "' .. y .. '"
_BUILDERS = "\n".join(
    f"local function {name}(x, y) return '{pattern}' end"
    for name, pattern in {
        "job_key": keys.job(_ARGUMENT),
        "trail_key": keys.trail(_ARGUMENT),
        "state_key": keys.in_state(_ARGUMENT),
        "waiting_key": keys.waiting(_ARGUMENT),
        "since_key": keys.since(_ARGUMENT),
        "active_key": keys.active_of(_ARGUMENT),
        "history_key": keys.history_of(_ARGUMENT),
        "wake_key": keys.wake(_ARGUMENT),
        "trial_key": keys.trial(_ARGUMENT),
        "bucket_key": keys.user_bucket(_ARGUMENT),
        "gifts_key": keys.gifts(_ARGUMENT),
        "attention_key": keys.attention(_ARGUMENT),
        "told_limited_key": keys.told_limited(_ARGUMENT, _SECOND),
        "told_busy_key": keys.told_busy(_ARGUMENT, _SECOND),
        "inflight_key": keys.inflight(_ARGUMENT),
        "claimed_key": keys.claimed(_ARGUMENT),
        "prediction_key": keys.prediction(_ARGUMENT),
        "followers_key": keys.followers(_ARGUMENT),
        "spend_key": keys.spend(_ARGUMENT),
        "budget_key": keys.budget(_ARGUMENT),
        "budget_people_key": keys.budget_people(_ARGUMENT),
        "budgets_key": keys.budgets(),
        "clock_key": keys.clock(),
        "message_key": keys.message(_ARGUMENT, _SECOND),
        "paused_key": keys.paused(),
        "blocked_key": keys.blocked(),
        "vips_key": keys.vips(),
        "people_key": keys.people(),
        "broadcast_key": keys.broadcast(_ARGUMENT),
        "broadcasting_key": keys.broadcasting(),
        "sequence_key": keys.sequence(),
        "due_key": keys.due(),
        "ended_key": keys.ended(),
        "counts_key": keys.counts(),
        "observations_key": keys.observations(),
        "excused_key": keys.excused(),
        "spool_key": keys.spool(_ARGUMENT),
        "spooled_key": keys.spooled(_ARGUMENT, _SECOND),
        "spool_of_key": keys.spool_of(_ARGUMENT, _SECOND),
        "spool_by_key": keys.spool_by(_ARGUMENT, _SECOND),
        "spool_line_key": keys.spool_line(_ARGUMENT),
        "spool_tries_key": keys.spool_tries(_ARGUMENT),
    }.items()
) + "".join(
    f"\nlocal {name} = {{ {', '.join(map(str, histograms.thousandths(bounds)))} }}"
    for name, bounds in {"SECONDS": histograms.SECONDS, "POLLS": histograms.POLLS}.items()
)
_BUILDERS += "".join(
    f"\nlocal {name} = {value}"
    for name, value in {
        "TRAIL_KEPT": TRAIL_KEPT,
        "LONGEST_SHARE": LONGEST_SHARE_MS,
        "GIFTS": GIFTS,
        "GIFTS_WITHIN_MS": GIFTS_WITHIN_MS,
    }.items()
)


@contextmanager
def ledger_errors() -> Iterator[None]:
    """Turn what the Redis client raises into LedgerUnavailable."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise LedgerUnavailable(f"Redis (REDIS_URL) does not answer: {error}") from error
    except redis.RedisError as error:
        raise LedgerUnavailable(str(error)) from error


def confirmed(client: "redis.Redis", replicas: int, write: Callable[[Any], Any]) -> Any:
    """What the one command answers that `write` puts into a pipeline, once so many replicas have it.

    Raises LedgerUnavailable where they do not say so in time. The command is done on the master then, as it
    may be after any answer that was lost: the caller does it again, or leaves the job to another.
    """
    with ledger_errors(), client.pipeline(transaction=False) as pipe:
        write(pipe)
        if not replicas:
            return pipe.execute()[0]
        # WAIT is for the last write of its own connection, hence the pipeline. A command that finds its work
        # done writes nothing; the fence has all waited for that was written before, on any connection.
        pipe.incr(keys.fence())
        pipe.execute_command("WAIT", replicas, CONFIRM_MS)  # type: ignore[no-untyped-call]
        answer, _, reached = pipe.execute()
    if reached < replicas:
        raise LedgerUnavailable(f"{reached} of {replicas} replicas have confirmed a write")
    return answer


def sources() -> dict[str, str]:
    """The text of each script by its name, as Redis runs it."""
    shared = "\n".join(_text(_FOLDER / "shared" / f"{name}.lua") for name in _SHARED)
    return {file.stem: f"{_BUILDERS}\n{shared}\n{_text(file)}" for file in _FOLDER.glob("*.lua")}


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


class Scripts:
    """All scripts, bound to one client. `scripts("move", ...)` runs `ledger/lua/move.lua`.

    A server that was restarted and has forgotten them gets their text again (EVALSHA, then EVAL).
    `replicas`: so many must have what a script has written, or it counts as unanswered.
    """

    def __init__(self, client: "redis.Redis", replicas: int = 0) -> None:
        self._client = client
        self._replicas = replicas
        self._scripts = {name: client.register_script(text) for name, text in sources().items()}

    def __call__(self, name: str, *args: str | int | float) -> Any:
        """Run one script; raises LedgerUnavailable."""
        script = self._scripts[name]
        if not self._replicas:
            with ledger_errors():
                return script(args=args)
        return confirmed(self._client, self._replicas, lambda pipe: script(args=args, client=pipe))
