"""The fault injector (nemesis) of a chaos run: carries out the plan of kills, stops and faults."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random

import redis

from bench.chaos import moments
from bench.chaos.replay import Kill
from bench.chaos.strikes import GROUPS, PROVIDER, TELEGRAM, Event
from sandbox.processes import Program
from sandbox.stack import Stack

_READY_S = 30.0
"""Longest wait (s) until another process of the same group runs, and until a worker to be killed holds a job.
"""
_MOMENT_S = 20.0
"""Longest wait (s) for a call during which a process is to be killed."""


class Nemesis:
    """Carries out a plan in its own thread, from `start` on.

    `kills` and `spans` record what it did: a span is a process's name and the Unix times from which and until
    which it was away. `done` counts the events by kind.
    """

    def __init__(
        self,
        stack: Stack,
        events: list[Event],
        random: Random,
        held: Callable[[], Counter[int]],
        gives: Callable[[int], int],
        delete: moments.Delete,
    ) -> None:
        """Prepare a plan; `start` begins it.

        Args:
            stack: The processes to strike.
            events: The plan, in the order of time.
            random: Chooses among the processes of a group.
            held: Returns how many jobs each process holds, by process id.
            gives: Returns the id of the process that delivers a result to a chat now (0: none).
            delete: Deletes a status message as a user would.
        """
        self._stack = stack
        self._events = events
        self._random = random
        self._held = held
        self._gives = gives
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

    @property
    def dropped_posts(self) -> int:
        """The number of planned faults in which Telegram posts a status message and drops its reply."""
        orders = (TELEGRAM[event.order] for event in self._events if event.what == "telegram")
        posts = [order for order in orders if order["method"] == "sendMessage" and "text" not in order]
        return sum(order["kind"] == "drop_answer" for order in posts)

    def start(self) -> None:
        """Start the plan."""
        self.began = time.time()
        self._thread.start()

    def finish(self, within_s: float) -> None:
        """Wait for the plan's end, clear pending faults, and wait until every process runs again.

        Raises:
            TimeoutError: The plan has not ended within `within_s` seconds.
        """
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
        names = GROUPS.get(event.whom, (event.whom,))
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
        """Kill a process during a call to Telegram, as soon as the stand delays one."""
        moment = moments.MOMENTS[event.order]
        names = GROUPS.get(event.whom, (event.whom,))
        with self._changed:
            self._changed.wait_for(lambda: not self._away & set(names), _READY_S)
            self._away |= set(names)
        caller = ""
        try:
            chat = moments.await_call(self._stack.telegram, moment, _MOMENT_S, self._delete)
            caller = "" if chat is None else self._caller(names, chat)
        except BaseException as error:  # kept for `finish`
            self._errors.append(error)
        self.done[f"{moment.method} of {moment.whom} {'cut' if caller else 'awaited in vain'}"] += 1
        for name in names:
            if name != caller:
                self._freed(name)
        if caller:
            self._strike(event, caller)

    def _caller(self, names: Sequence[str], chat: int) -> str:
        """Return the process that makes a call for this chat now; a random one if Redis cannot tell."""
        with contextlib.suppress(redis.RedisError):
            giving = self._gives(chat)
            for name in names:
                if self._stack.programs[name].pid == giving:
                    return name
        return self._random.choice(names)

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
