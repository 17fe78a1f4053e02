"""Simulated users who ask, wait for the result, think, and ask again."""

import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from bench.chaos.histories import CANCEL, is_end
from bench.load.agenda import Agenda
from jobs.model import Kind
from stand.telegram.client import StandError, TelegramStand

_HANDS = 8
"""Number of connections to the stand that all users share."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What the users do. Times are exponential, with means in seconds.

    Attributes:
        think_s: Mean think time.
        videos: Share of the requests that are for videos.
        cancels: Share of the requests that are cancelled.
        vips: Share of the users that are VIPs.
        cancel_s: Mean time from the status message to its cancel.
    """

    think_s: float = 30.0
    videos: float = 0.15
    cancels: float = 0.03
    vips: float = 0.1
    cancel_s: float = 4.0


@dataclass(slots=True)
class Ask:
    """One request and its outcome.

    `outcome` is "result", "end" (a message that there is no result), "words" (the request was refused), or ""
    while it is pending. `sent` and `answered` are the stand's times (Unix seconds).
    """

    chat: int
    kind: Kind
    prompt: str
    sent: float
    cancels: bool
    message: int = 0
    outcome: str = ""
    answered: float = 0.0
    results: int = 0


class Users:
    """The simulated users.

    `asks` are all their requests; every prompt is asked once. `refused` counts messages that the stand itself
    did not accept. It must be 0 for a valid run.
    """

    def __init__(self, telegram: TelegramStand, chats: Iterable[int], habits: Habits, random: Random) -> None:
        self._telegram = telegram
        self._habits = habits
        self._random = random
        self._agenda = Agenda()
        self._open: dict[int, Ask] = {}
        self._listening = threading.Event()
        self._asking_until = 0.0
        self._cursor = 0
        self.chats = list(chats)
        self.asks: list[Ask] = []
        self.by_text: dict[str, Ask] = {}
        self.refused = 0

    @property
    def late_s(self) -> float:
        """The longest delay of a planned action (s)."""
        return self._agenda.late_s

    @property
    def waiting(self) -> int:
        """The number of users that wait for a result."""
        return len(self._open)

    def spend(self, seconds: float, patience_s: float) -> None:
        """Ask for `seconds`, then wait for the last results.

        Each user's first request comes after one think time.
        """
        now = time.monotonic()
        self._asking_until = now + seconds
        for chat in self.chats:
            self._plan_ask(chat, now)
        self._cursor = int(self._telegram.state()["events"])
        self._listening.set()
        listener = threading.Thread(target=self._listen, name="listener", daemon=True)
        listener.start()
        with ThreadPoolExecutor(_HANDS, thread_name_prefix="users") as hands:
            self._agenda.work_until(self._asking_until, hands.submit)
            end = time.monotonic() + patience_s
            while self._open and time.monotonic() < end:
                self._agenda.work_until(min(end, time.monotonic() + 0.1), hands.submit)
        self._listening.clear()
        listener.join(10)

    def _plan_ask(self, chat: int, after: float) -> None:
        mean = self._habits.think_s
        due = after + (self._random.expovariate(1 / mean) if mean else 0.0)
        if due < self._asking_until:
            self._agenda.plan(due, lambda: self._ask(chat))

    def _ask(self, chat: int) -> None:
        kind = Kind.VIDEO if self._random.random() < self._habits.videos else Kind.IMAGE
        prompt = f"a fox on hill number {len(self.by_text) + 1} of {chat}"
        text = f"/video {prompt}" if kind is Kind.VIDEO else prompt
        ask = Ask(chat, kind, prompt, time.time(), self._random.random() < self._habits.cancels)
        self._open[chat] = self.by_text[text] = ask
        self.asks.append(ask)
        try:
            ask.message = self._telegram.send(chat, text)["message_id"]
        except (StandError, httpx.HTTPError):
            self.refused += 1
            self._open.pop(chat, None)

    def _listen(self) -> None:
        """Follow all chats at once in the stand's log of events."""
        while self._listening.is_set():
            heard = self._telegram.events(self._cursor, 1.0)
            self._cursor = int(heard["seq"])
            for event in heard["events"]:
                if event["type"] in ("message", "edit"):
                    self._hear(event["message"])

    def _hear(self, message: Mapping[str, Any]) -> None:
        if not message["from"]["is_bot"]:
            if ask := self.by_text.get(message.get("text", "")):
                ask.sent = message["at"]
            return
        # The user's own text identifies the request. A "ready" message replies to a message of the bot and
        # does not count.
        ask = self.by_text.get((message.get("reply_to_message") or {}).get("text", ""))
        if ask is None:
            return
        shown = message["edits"][-1]
        if message["media"]:
            self._answered(ask, "result", shown["at"])
        elif is_end(shown.get("text", ""), shown["buttons"]):
            self._answered(ask, "end", shown["at"])
        elif list(shown["buttons"]) not in CANCEL:
            self._answered(ask, "words", shown["at"])
        elif ask.cancels:
            ask.cancels = False
            due = time.monotonic() + self._random.expovariate(1 / self._habits.cancel_s)
            number = message["message_id"]
            self._agenda.plan(due, lambda: self._cancel(ask, number))

    def _answered(self, ask: Ask, outcome: str, at: float) -> None:
        ask.results += outcome == "result"
        if ask.outcome:
            return
        ask.outcome, ask.answered = outcome, at
        if self._open.get(ask.chat) is ask:
            del self._open[ask.chat]
            self._plan_ask(ask.chat, time.monotonic())

    def _cancel(self, ask: Ask, message: int) -> None:
        if not ask.outcome:
            with suppress(StandError):  # the button is gone by now
                self._telegram.press(ask.chat, message, "Cancel")
