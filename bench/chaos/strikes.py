"""The plan of a chaos run, drawn from a seed: which fault hits which process, and when."""

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
"""Faults of Telegram.

Other sends are not reset: nobody can tell whether the message arrived. Its loss would then be no breach, and
its presence no proof.
"""

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
    # Not "cut_short": it lasts, and an output is retried for longer than a run. tests/faults covers it.
    {"on": "output", "kind": "404"},
    {"on": "output", "kind": "empty"},
)


@dataclass(frozen=True, slots=True)
class Event:
    """A fault after `at` seconds of the run.

    Attributes:
        at: Seconds from the start.
        what: "kill", "stop", "moment", "telegram" or "provider".
        whom: The process or the group.
        seconds: How long the process is away.
        order: The index of the fault in TELEGRAM or PROVIDER, or of the call in MOMENTS.
    """

    at: float
    what: str
    whom: str = ""
    seconds: float = 0.0
    order: int = 0


def draw(
    random: Random, seconds: float, kills: int, others: int, redis_kills: int, lease_s: float
) -> list[Event]:
    """Draw the plan of a run.

    Args:
        random: The source of the plan.
        seconds: How long requests are sent.
        kills: Number of SIGKILLs of image workers.
        others: Number of SIGKILLs of each other kind of process, and of SIGSTOPs that outlast the lease.
            These and `kills` are spread evenly in a random order.
        redis_kills: Number of SIGKILLs of Redis.
        lease_s: The lease (s).

    Returns:
        The events in the order of time. They include a SIGKILL during each kind of call to Telegram, at least
        once, and about one fault of each stand every 1.2 seconds.
    """
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
        # While requests still come in, to which the bot replies.
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
