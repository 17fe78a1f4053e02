"""The plan of a chaos run, drawn from a seed: what strikes whom, and when."""

from dataclasses import dataclass
from random import Random
from typing import Any

from bench.chaos import moments

MAKERS = ("image-1", "image-2")
GIVERS = ("deliver-1", "deliver-2")
GROUPS = {"maker": MAKERS, "giver": GIVERS}
TELEGRAM: tuple[dict[str, Any], ...] = (
    {"kind": "429", "method": "editMessageMedia", "retry_after": 1},
    {"kind": "429", "method": "sendMessage", "retry_after": 1},
    {"kind": "500", "method": "editMessageMedia"},
    {"kind": "502", "method": "editMessageText"},
    {"kind": "reset", "method": "editMessageMedia"},
    {"kind": "drop_answer", "method": "editMessageMedia"},
    {"kind": "delay", "method": "editMessageMedia", "seconds": 2},
    {"kind": "drop_answer", "method": "sendMessage"},
    {"kind": "500", "method": "sendMessage"},
    {"kind": "502", "method": "getUpdates"},
    {"kind": "drop_answer", "method": "getUpdates"},
    {"kind": "500", "method": "sendMessage", "text": "is ready"},
    {"kind": "drop_answer", "method": "sendMessage", "text": "is ready"},
    {"kind": "reset", "method": "sendMessage", "text": "is ready"},
)
"""Troubles of Telegram. No other send is reset: whether it arrived then nobody can tell, so that its loss is
no breach and its being there no proof."""

PROVIDER: tuple[dict[str, Any], ...] = (
    {"on": "create", "kind": "429", "retry_after": 1},
    {"on": "create", "kind": "500"},
    {"on": "create", "kind": "drop_answer"},
    {"on": "create", "kind": "reset"},
    {"on": "create", "kind": "malformed"},
    {"on": "create", "kind": "delay", "seconds": 2},
    {"on": "get", "kind": "500"},
    {"on": "get", "kind": "429", "retry_after": 1},
    {"on": "get", "kind": "malformed"},
    {"on": "get", "kind": "reset"},
    {"on": "get", "kind": "unknown_status"},
    {"on": "output", "kind": "500"},
    {"on": "output", "kind": "reset"},
    {"on": "prediction", "kind": "fail"},
    {"on": "prediction", "kind": "refuse"},
    # Not "cut_short", which lasts: an output is waited for longer than a run, and tests/faults has that.
    {"on": "output", "kind": "404"},
    {"on": "output", "kind": "empty"},
)


@dataclass(frozen=True, slots=True)
class Event:
    """At `at` seconds: `what` ("kill", "stop", "moment", "telegram", "provider") with `whom` or an
    order to a stand; a process is back after `seconds`."""

    at: float
    what: str
    whom: str = ""
    seconds: float = 0.0
    order: int = 0


def draw(
    random: Random, seconds: float, kills: int, others: int, redis_kills: int, lease_s: float
) -> list[Event]:
    """`kills` SIGKILLs of makers; `others` times one SIGKILL of each other process, and SIGSTOPs past the
    lease; evenly spread in a random order. Beside them, a SIGKILL over each kind of call to Telegram, once at
    least, and every second or so a fault of a stand."""
    deeds = [("kill", "maker", random.uniform(0.3, 2.0)) for _ in range(kills)]
    deeds += [("kill", "redis", random.uniform(0.2, 2.0)) for _ in range(redis_kills)]
    for _ in range(others):
        deeds += [("kill", name, random.uniform(0.3, 2.0)) for name in ("giver", "bot", "exporter")]
        deeds += [("stop", name, lease_s + random.uniform(0, 3)) for name in ("maker", "maker", "giver")]
        deeds += [("stop", "bot", random.uniform(1, 3)), ("stop", "redis", random.uniform(0.5, 3))]
    random.shuffle(deeds)
    width = seconds / max(1, len(deeds))
    events = [
        Event((number + random.uniform(0.3, 0.9)) * width, what, whom, lasts)
        for number, (what, whom, lasts) in enumerate(deeds)
    ]
    events += [
        # While there are still requests to come, which are what the bot answers.
        Event(random.uniform(0, 0.6 * seconds), "moment", whom, random.uniform(0.3, 2.0), number)
        for whom, number in moments.draw(random, max(1, others))
    ]
    for what, orders in (("telegram", TELEGRAM), ("provider", PROVIDER)):
        faults = max(1, round(seconds / 1.2))
        events += [
            Event(random.uniform(0, seconds), what, order=random.randrange(len(orders)))
            for _ in range(faults)
        ]
    return sorted(events, key=lambda event: event.at)
