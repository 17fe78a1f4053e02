"""The simulated users of a chaos run: they ask, and some cancel or delete the status message."""

import time
from contextlib import suppress
from functools import partial
from random import Random

from bench.chaos.histories import CANCEL, Asked, Message
from bench.load.agenda import Agenda
from sandbox.stack import Scene
from stand.telegram.client import StandError

CANCELS, DELETES, REPEATS = 0.04, 0.03, 0.04
"""Shares of the requests that are cancelled, deleted, or delivered twice.

The user presses Cancel; the user deletes the status message; Telegram delivers the update a second time a
moment later.
"""

_RECENT = 60
"""Number of recent requests among which a status message to delete is looked for."""


class Crowd:
    """The simulated users. `asked` holds all their requests; every prompt is asked once."""

    def __init__(self, stack: Scene, users: int, random: Random) -> None:
        self._telegram = stack.telegram
        self._random = random
        self._agenda = Agenda()
        self.users = [stack.telegram.new_user(f"User {number}") for number in range(1, users + 1)]
        self.asked: list[Asked] = []

    @property
    def late_s(self) -> float:
        """The longest delay of a planned action (s)."""
        return self._agenda.late_s

    def ask(self, count: int, seconds: float) -> None:
        """Send `count` requests within `seconds`, at random moments, by random users."""
        start = time.monotonic()
        for moment in sorted(self._random.uniform(0, seconds) for _ in range(count)):
            self._agenda.plan(start + moment, lambda: self._ask(self._random.choice(self.users)))
        self._agenda.work_off()

    def ask_all(self, seconds: float) -> None:
        """Send one request of every user, at random moments within `seconds`."""
        start = time.monotonic()
        for user in self.users:
            self._agenda.plan(start + self._random.uniform(0, seconds), partial(self._ask, user))
        self._agenda.work_off()

    def _ask(self, user: int) -> None:
        prompt = f"a fox on hill number {len(self.asked) + 1}"
        said = self._telegram.send(user, prompt)
        asked = Asked(user, said["message_id"], prompt, time.time())
        self.asked.append(asked)
        draw, soon = self._random.random(), time.monotonic() + self._random.uniform(0.2, 3.0)
        if draw < CANCELS:
            self._agenda.plan(soon, partial(self._cancel, asked))
        elif draw < CANCELS + DELETES:
            self._agenda.plan(soon, lambda: self._delete(asked))
        elif draw < CANCELS + DELETES + REPEATS:
            update = self._telegram.state()["last_update_id"]
            self._agenda.plan(soon, lambda: self._telegram.replay(update))

    def press_left_over(self, within_s: float) -> list[Message]:
        """Press every Cancel that is still there when all jobs have ended.

        Wait until no Cancel is left, at most `within_s` seconds.

        Returns:
            The messages that still had a Cancel.
        """
        found = [message for asked in self.asked if (message := self._cancel(asked))]
        deadline = time.monotonic() + within_s
        while any(map(self._status_of, self.asked)) and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    def tidy_up(self) -> bool:
        """Delete the newest status message that still has its Cancel; return whether there was one."""
        return any(self._delete(asked) for asked in reversed(self.asked[-_RECENT:]))

    def _cancel(self, asked: Asked) -> Message | None:
        """Press Cancel under a request's status message; return that message, or None if there is none."""
        message = self._status_of(asked)
        if message is not None:
            with suppress(StandError):  # the button may be gone by now
                self._telegram.press(asked.chat, message["message_id"], "Cancel")
        return message

    def _delete(self, asked: Asked) -> bool:
        message = self._status_of(asked)
        if message is not None:
            with suppress(StandError):  # it may be gone by now
                self._telegram.delete(asked.chat, message["message_id"])
        return message is not None

    def _status_of(self, asked: Asked) -> Message | None:
        for message in self._telegram.messages(asked.chat):
            replied = message.get("reply_to_message") or {}
            open_ = bool(message["edits"]) and list(message["edits"][-1]["buttons"]) in CANCEL
            if replied.get("message_id") == asked.message and open_ and not message["deleted"]:
                return message
        return None
