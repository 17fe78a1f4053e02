"""The nemesis of a chaos run: a plan drawn from a seed, and the hand that carries it out."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any

import redis

from bench import moments
from bench.replay import Kill
from sandbox.processes import Program
from sandbox.stack import Stack

MAKERS = ("image-1", "image-2")
_READY_S = 30.0
"""A maker is struck while the other one runs, and killed while it works on jobs; for this long that is
waited for."""
_MOMENT_S = 20.0
"""For this long a call is waited for that a process is to die over."""

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
)
"""Troubles of Telegram. A send is never reset: whether it arrived then nobody can tell, so that its loss is
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
        deeds += [("kill", name, random.uniform(0.3, 2.0)) for name in ("deliver", "bot", "exporter")]
        deeds += [("stop", name, lease_s + random.uniform(0, 3)) for name in ("maker", "maker", "deliver")]
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


class Nemesis:
    """Carries a plan out in a thread of its own, from `start` on. `kills` and `spans` are what it did:
    a span is a process's name and the Unix times from which and until which it was away."""

    def __init__(
        self,
        stack: Stack,
        events: list[Event],
        random: Random,
        held: Callable[[], Counter[int]],
        delete: moments.Delete,
    ) -> None:
        """`held` tells how many jobs each process holds, by process id; `delete` is a user who tidies up."""
        self._stack = stack
        self._events = events
        self._random = random
        self._held = held
        self._delete = delete
        self._away: set[str] = set()
        self._changed = threading.Condition()
        self._hands = ThreadPoolExecutor(8, thread_name_prefix="nemesis")
        self._thread = threading.Thread(target=self._run, name="nemesis", daemon=True)
        self._errors: list[BaseException] = []
        self.began = 0.0
        self.kills: list[Kill] = []
        self.spans: list[tuple[str, float, float]] = []
        self.done: Counter[str] = Counter()

    def away(self, name: str, at: float, seconds: float) -> bool:
        """Whether a process was away at any moment of a time (Unix seconds)."""
        return any(who == name and began < at + seconds and ended > at for who, began, ended in self.spans)

    @property
    def dropped_posts(self) -> int:
        """How often Telegram was told to post a message and drop its answer."""
        orders = (TELEGRAM[event.order] for event in self._events if event.what == "telegram")
        return sum(order["kind"] == "drop_answer" and order["method"] == "sendMessage" for order in orders)

    def start(self) -> None:
        """Begin."""
        self.began = time.time()
        self._thread.start()

    def finish(self, within_s: float) -> None:
        """Wait for the plan's end, call off what has not struck, and have every process run again."""
        self._thread.join(within_s)
        if self._thread.is_alive():
            raise TimeoutError(f"the nemesis has not ended within {within_s:g} s")
        self._hands.shutdown(wait=True)
        self._stack.telegram.clear_faults()
        self._stack.provider.clear_faults()
        if self._errors:
            raise self._errors[0]

    def _run(self) -> None:
        start = time.monotonic()
        for event in self._events:
            time.sleep(max(0.0, start + event.at - time.monotonic()))
            if event.what == "telegram":
                self._stack.telegram.fault(**TELEGRAM[event.order])
            elif event.what == "provider":
                self._stack.provider.fault(**PROVIDER[event.order])
            elif event.what == "moment":
                self._hands.submit(self._moment, event)
            else:
                self._hands.submit(self._strike, event, self._victim(event))
            self.done[f"{event.what} {event.whom}".strip()] += 1

    def _victim(self, event: Event) -> str:
        """Choose a process and mark it as away."""
        names = MAKERS if event.whom == "maker" else (event.whom,)
        with self._changed:
            self._changed.wait_for(lambda: not self._away & set(names), _READY_S)
            up = [name for name in names if name not in self._away] or list(names)
            if event.what == "stop" or event.whom != "maker":
                name = self._random.choice(up)
                self._away.add(name)
                return name
        deadline = time.monotonic() + _READY_S
        while not (busy := self._busy(up)) and time.monotonic() < deadline:
            time.sleep(0.05)
        name = self._random.choice(busy or up)
        with self._changed:
            self._away.add(name)
        return name

    def _moment(self, event: Event) -> None:
        """Kill a process over a call to Telegram, as soon as one is held."""
        moment = moments.MOMENTS[event.order]
        try:
            self._victim(event)
            came = moments.await_call(self._stack.telegram, moment, _MOMENT_S, self._delete)
        except BaseException as error:  # kept for `finish`
            self._errors.append(error)
            came = False
        self.done[f"{moment.method} of {moment.whom} {'cut' if came else 'awaited in vain'}"] += 1
        if came:
            self._strike(event, event.whom)
        else:
            self._freed(event.whom)

    def _busy(self, names: list[str]) -> list[str]:
        try:
            held = self._held()
        except redis.RedisError:
            return []
        return [name for name in names if held[self._stack.programs[name].pid]]

    def _strike(self, event: Event, name: str) -> None:
        program, began = self._stack.programs[name], time.time()
        try:
            if event.what == "stop":
                self._back_after(program.stop, program.continue_, event.seconds)
            else:
                pid, began = program.pid, time.time()
                self._back_after(program.kill, lambda: _start(program), event.seconds)
                self.kills.append(Kill(name, began, pid))
        except BaseException as error:  # kept for `finish`
            self._errors.append(error)
        finally:
            self.spans.append((name, began, time.time()))
            self._freed(name)

    def _freed(self, name: str) -> None:
        with self._changed:
            self._away.discard(name)
            self._changed.notify_all()

    @staticmethod
    def _back_after(harm: Callable[[], None], mend: Callable[[], None], seconds: float) -> None:
        harm()
        time.sleep(seconds)
        mend()


def _start(program: Program) -> None:
    if not program.alive:
        program.start()
