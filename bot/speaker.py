"""Says the answers that are kept in `jobs.answers`: at once where it can, else in their turn."""

import asyncio
import json
from contextlib import suppress

import structlog
from telegram import InlineKeyboardMarkup

from bot.patience import persistent
from chat.gateway import Gateway
from jobs.answers import TAKEN_S, Answer, Answers, Kept
from jobs.errors import DarkroomError, LedgerUnavailable, PassingError
from jobs.model import Origin
from jobs.tally import Tally

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Answers that one process says at a time, most of which wait for their turn. Results wait behind them in
Telegram's budget, so they are no more than that lets through in a few seconds."""
LOOK_S = 0.5
"""So often answers are looked for that wait, or that a process which died had taken up."""
_END_S = 1.0


class Speaker:
    """`run` until its task is cancelled, then `finish`."""

    def __init__(self, answers: Answers, gateway: Gateway, tally: Tally) -> None:
        self._answers = answers
        self._gateway = gateway
        self._tally = tally
        self._saying: set[asyncio.Task[None]] = set()

    async def say(
        self, name: str, origin: Origin, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> None:
        """Have an answer said; it is in Redis by the time this returns. The same `name` is said once.

        Raises LedgerUnavailable: nothing is known then, and the caller may ask again.
        """
        answer = Answer(name, origin, text, keyboard.to_json() if keyboard else "")
        kept = await self._answers.keep(answer, take=len(self._saying) < AT_ONCE)
        self._tally.count(f"answers:{kept}")
        if kept is Kept.TAKEN:
            self._start(answer)

    async def run(self) -> None:
        """Look after the answers that wait, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            free = AT_ONCE - len(self._saying)
            with suppress(LedgerUnavailable):  # whoever needs it now says so
                for answer in await self._answers.take(free) if free > 0 else ():
                    self._start(answer)

    async def finish(self) -> None:
        """Let what is being said end. What is not said by then another process says."""
        if self._saying:
            _, late = await asyncio.wait(self._saying, timeout=_END_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _start(self, answer: Answer) -> None:
        task = asyncio.create_task(self._tell(answer))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _tell(self, answer: Answer) -> None:
        """Say it. What Telegram has surely not posted is said again, by this or another process."""
        keyboard = (
            InlineKeyboardMarkup.de_json(json.loads(answer.keyboard), None) if answer.keyboard else None
        )
        try:
            async with asyncio.timeout(TAKEN_S - 2):
                await persistent()(self._gateway.say, answer.origin, answer.text, keyboard)
        except (PassingError, TimeoutError) as error:
            log.info("not answered yet", error=repr(error))
            return
        except DarkroomError as error:
            log.warning("not answered", error=repr(error))
        with suppress(LedgerUnavailable):
            await self._answers.said(answer)
