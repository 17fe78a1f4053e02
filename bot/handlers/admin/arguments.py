"""What stands behind an admin's command, and how it is shown. Pure."""

import re
from datetime import date

from babel.dates import format_date
from telegram.constants import MessageLimit

from chat.texts import Texts
from jobs.model import GENERATION_LANES, Lane

_LARGEST_ID = 2**52
"""Telegram's ids have at most 52 significant bits."""


def user_id(text: str) -> int | None:
    """A user's id as Telegram writes it, or (below 0) that of a chat in whose name people write; None for
    anything else."""
    if not re.fullmatch(r"[0-9]{1,16}|-[0-9]{6,16}", text) or not 0 < abs(int(text)) <= _LARGEST_ID:
        return None
    return int(text)


def job_id(text: str) -> str | None:
    """A job's id as the logs have it."""
    return text.lower() if re.fullmatch(r"[a-z2-7]{20}", text.lower()) else None


def lane(text: str) -> Lane | None:
    """A lane that can be paused."""
    return next((each for each in GENERATION_LANES if each == text.lower()), None)


def count(text: str, most: int) -> int | None:
    """A number of things from 1 to `most`; None for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) and 1 <= int(text) <= most else None


def fits(text: str) -> bool:
    """Whether Telegram takes the text as one message; it counts UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2 <= MessageLimit.MAX_TEXT_LENGTH


def day(value: date, t: Texts) -> str:
    """A date as people of the language write it: 24 Dec 2026."""
    return format_date(value, "d MMM y", locale=t.language)
