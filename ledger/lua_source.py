"""The text of the ledger's scripts: each file in `ledger/lua/`, with the definitions that it needs in front.

The definitions come from the shared Lua files and from Python: functions that build keys, the states of a
job with their moves, the names of counters, the bounds of histograms, and a few numbers. So each of these is
defined in one place. A script gets only the definitions that it names, because Redis runs them at each call.
"""

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jobs import states
from jobs.failures import GIFTS, GIFTS_WITHIN_MS
from ledger import counters, histograms, keys

TRAIL_KEPT = 100
"""Number of events that the trail of a job keeps, the latest ones; a job without trouble has about ten."""
LONGEST_SHARE_MS = 5000
"""Longest delay (ms) of a group's turn in a durable queue, however many items its owner has there."""
_FOLDER = Path(__file__).parent / "lua"
_SHARED = ("clock", "counting", "bucket", "budgets", "transitions", "sharing", "spool")
"""The files in `shared/`, in the order in which they precede a script: each may use those before it."""
_DEFINED = re.compile(r"^local (?:function )?(\w+)", re.MULTILINE)
_KEYS: dict[str, Callable[..., str]] = {
    "job_key": keys.job,
    "trail_key": keys.trail,
    "state_key": keys.in_state,
    "waiting_key": keys.waiting,
    "since_key": keys.since,
    "active_key": keys.active_of,
    "history_key": keys.history_of,
    "wake_key": keys.wake,
    "trial_key": keys.trial,
    "bucket_key": keys.user_bucket,
    "gifts_key": keys.gifts,
    "attention_key": keys.attention,
    "told_limited_key": keys.told_limited,
    "told_busy_key": keys.told_busy,
    "inflight_key": keys.inflight,
    "claimed_key": keys.claimed,
    "prediction_key": keys.prediction,
    "followers_key": keys.followers,
    "spend_key": keys.spend,
    "budget_key": keys.budget,
    "budget_people_key": keys.budget_people,
    "budgets_key": keys.budgets,
    "clock_key": keys.clock,
    "message_key": keys.message,
    "paused_key": keys.paused,
    "blocked_key": keys.blocked,
    "vips_key": keys.vips,
    "people_key": keys.people,
    "broadcast_key": keys.broadcast,
    "broadcasting_key": keys.broadcasting,
    "sequence_key": keys.sequence,
    "due_key": keys.due,
    "ended_key": keys.ended,
    "counts_key": keys.counts,
    "observations_key": keys.observations,
    "excused_key": keys.excused,
    "spool_key": keys.spool,
    "spooled_key": keys.spooled,
    "spool_of_key": keys.spool_of,
    "spool_by_key": keys.spool_by,
    "spool_line_key": keys.spool_line,
    "spool_tries_key": keys.spool_tries,
}
_TABLES = {
    "HELD": states.HELD,
    "WAITING": states.WAITING,
    "ENDED": states.ENDED,
    "MOVES": states.MOVES,
    "RESTORED": states.RESTORED,
    "SPANS": states.SPANS,
    "SECONDS": histograms.thousandths(histograms.SECONDS),
    "POLLS": histograms.thousandths(histograms.POLLS),
    "TRAIL_KEPT": TRAIL_KEPT,
    "LONGEST_SHARE": LONGEST_SHARE_MS,
    "GIFTS": GIFTS,
    "GIFTS_WITHIN_MS": GIFTS_WITHIN_MS,
}


@cache
def sources() -> Mapping[str, str]:
    """Return the text of each script by its name, as Redis runs it; made once in a process."""
    return {file.stem: assembled(_text(file)) for file in _FOLDER.glob("*.lua")}


def assembled(script: str) -> str:
    """Return a script with all definitions that it names in front, directly or through a shared file."""
    for name in reversed(_SHARED):
        shared = _text(_FOLDER / "shared" / f"{name}.lua")
        if any(_names(script, each) for each in _DEFINED.findall(shared)):
            script = f"{shared}\n{script}"
    return f"{_generated(script)}\n{script}"


def lua(value: Any) -> str:
    """Return a value as a Lua literal.

    A mapping becomes a table, a list an array, any other collection a set: a table of names with `true`.
    """
    match value:
        case str():
            return f"'{value}'"
        case Mapping():
            # Sorted, as every process must make the same text: Redis keeps each text that it was ever given.
            parts = [f"{name} = {lua(value[name])}" for name in sorted(value)]
        case list():
            parts = [lua(each) for each in value]
        case Collection():
            parts = [f"{name} = true" for name in sorted(value)]
        case _:
            return str(value)
    return f"{{ {', '.join(parts)} }}"


def _generated(text: str) -> str:
    made = {name: _function(builder) for name, builder in _KEYS.items()}
    made |= {name: lua(value) for name, value in _TABLES.items()}
    lines = [f"local {name} = {value}" for name, value in made.items() if _names(text, name)]
    named = {name: getattr(counters, name) for name in sorted(set(re.findall(r"COUNTERS\.(\w+)", text)))}
    parts = [
        f"{name} = {_function(value) if callable(value) else lua(value)}" for name, value in named.items()
    ]
    return "\n".join([*lines, f"local COUNTERS = {{ {', '.join(parts)} }}"])


def _names(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None


def _function(builder: Callable[..., str]) -> str:
    """Return a Lua function that builds the same text from the same arguments as a Python function.

    The Python function is called with pieces of Lua as its arguments. Each piece closes the string literal
    around it, appends an argument and opens the literal again.
    """
    names = list(inspect.signature(builder).parameters)
    text = builder(*(f"' .. {name} .. '" for name in names))
    return f"function({', '.join(names)}) return '{text}' end"


def _text(file: Path) -> str:
    """The code of a file: a word in a comment names nothing."""
    return re.sub(r"--.*", "", file.read_text(encoding="utf-8"))
