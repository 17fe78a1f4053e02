"""The users of a chaos run: they ask, some change their mind, and some tidy up their chats."""

import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from bench.histories import CANCEL, Asked, Message
from sandbox.stack import Scene
from sandbox.telegram.client import StandError

CANCELS, DELETES, REPEATS = 0.04, 0.03, 0.04
"""Shares of the requests whose user presses Cancel or deletes the status message, or that Telegram
delivers twice, a moment later."""


@dataclass(order=True, slots=True)
class _Deed:
    due: float
    number: int
    do: Callable[[], None]


class Crowd:
    """`asked` is all that was ever asked for, every prompt once; `late_s` how far it fell behind its plan."""

    def __init__(self, stack: Scene, users: int, random: Random) -> None:
        self._telegram = stack.telegram
        self._random = random
        self._numbers = itertools.count(1)
        self._deeds: list[_Deed] = []
        self.users = [stack.telegram.new_user(f"User {number}") for number in range(1, users + 1)]
        self.asked: list[Asked] = []
        self.late_s = 0.0

    def ask(self, count: int, seconds: float) -> None:
        """Send so many requests within so many seconds, at random moments, by random users."""
        start = time.monotonic()
        for moment in sorted(self._random.uniform(0, seconds) for _ in range(count)):
            self._plan(start + moment, lambda: self._ask(self._random.choice(self.users)))
        self._act()

    def ask_all(self, seconds: float) -> None:
        """Every user sends one request, at a random moment within so many seconds."""
        start = time.monotonic()
        for user in self.users:
            self._plan(start + self._random.uniform(0, seconds), partial(self._ask, user))
        self._act()

    def _act(self) -> None:
        while self._deeds:
            deed = heapq.heappop(self._deeds)
            time.sleep(max(0.0, deed.due - time.monotonic()))
            self.late_s = max(self.late_s, time.monotonic() - deed.due)
            deed.do()

    def _plan(self, due: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._deeds, _Deed(due, next(self._numbers), do))

    def _ask(self, user: int) -> None:
        prompt = f"a fox on hill number {len(self.asked) + 1}"
        said = self._telegram.send(user, prompt)
        asked = Asked(user, said["message_id"], prompt, time.time())
        self.asked.append(asked)
        draw, soon = self._random.random(), time.monotonic() + self._random.uniform(0.2, 3.0)
        if draw < CANCELS:
            self._plan(soon, lambda: self._cancel(asked))
        elif draw < CANCELS + DELETES:
            self._plan(soon, lambda: self._delete(asked))
        elif draw < CANCELS + DELETES + REPEATS:
            update = self._telegram.state()["last_update_id"]
            self._plan(soon, lambda: self._telegram.replay(update))

    def _cancel(self, asked: Asked) -> None:
        message = self._status_of(asked)
        if message is None:
            return
        try:
            self._telegram.press(asked.chat, message["message_id"], "Cancel")
        except StandError:
            return  # the button is gone by now

    def _delete(self, asked: Asked) -> None:
        message = self._status_of(asked)
        if message is not None:
            self._telegram.delete(asked.chat, message["message_id"])

    def _status_of(self, asked: Asked) -> Message | None:
        for message in self._telegram.messages(asked.chat):
            replied = message.get("reply_to_message") or {}
            open_ = bool(message["edits"]) and list(message["edits"][-1]["buttons"]) in CANCEL
            if replied.get("message_id") == asked.message and open_ and not message["deleted"]:
                return message
        return None
