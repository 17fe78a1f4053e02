"""Answers that are not a job's: kept in Redis from before an update is confirmed until they are said.

Telegram lets a bot say less than people can write, so answers wait. Whoever dies while they do, another says
them; and there are never more than can be said before nobody wants to hear them any more.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from config.settings import Settings
from jobs.model import Origin
from jobs.shared_pipeline import SharedPipeline

LAPSES_S = 60.0
"""An answer that could not be said for so long is not said any more."""
TAKEN_S = 30.0
"""Whoever takes up an answer has said it within this time, or another takes it up."""
OF_ONE_CHAT = 15
"""Answers that wait for one chat; who asks faster gets no more."""
_REMEMBERED_S = 660
"""An update that Telegram brings again within this time is not answered again."""


class Kept(StrEnum):
    """What became of an answer."""

    TAKEN = "taken"  # the caller says it, within TAKEN_S
    WAITS = "waits"  # whoever has time says it
    KNOWN = "known"  # it was kept before
    FULL = "full"  # nobody says it


@dataclass(frozen=True, slots=True)
class Answer:
    """Words to a chat; `keyboard` is Telegram's JSON of it ("" for none)."""

    id: str
    origin: Origin
    text: str
    keyboard: str = ""


class Answers:
    """All methods raise LedgerUnavailable. An answer whose teller dies between Telegram's taking it and
    `said` is said twice: the one moment in which nobody can know."""

    def __init__(self, pipeline: SharedPipeline, settings: Settings) -> None:
        self._pipeline = pipeline
        self._most = round(settings.telegram_rate_per_s * LAPSES_S)

    async def keep(self, answer: Answer, *, take: bool) -> Kept:
        """Keep an answer, once; `take`: its caller would say it, if no others wait."""
        body = json.dumps({"origin": asdict(answer.origin), "text": answer.text, "keyboard": answer.keyboard})
        lease = _ms(TAKEN_S) if take else 0
        chat = answer.origin.chat
        bounds = (_ms(LAPSES_S), OF_ONE_CHAT, self._most, _REMEMBERED_S)
        return Kept(await self._pipeline.script("answer_keep", answer.id, chat, body, lease, *bounds))

    async def take(self, most: int) -> list[Answer]:
        """Take up answers that wait, the oldest first."""
        found: list[str] = await self._pipeline.script(
            "answer_take", most, _ms(TAKEN_S), _ms(_REMEMBERED_S - LAPSES_S)
        )
        return [_read(*each) for each in zip(found[::2], found[1::2], strict=True)]

    async def said(self, answer: Answer) -> None:
        """It was said, or nobody will ever say it."""
        await self._pipeline.script("answer_said", answer.id, answer.origin.chat)


def _read(answer_id: str, body: str) -> Answer:
    found: dict[str, Any] = json.loads(body)
    return Answer(answer_id, Origin(**found["origin"]), found["text"], found["keyboard"])


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
