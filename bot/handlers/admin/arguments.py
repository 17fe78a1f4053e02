"""Parsing and display of the arguments of admins' commands. Pure."""

import re
from datetime import date

from babel.dates import format_date
from telegram.constants import MessageLimit

from chat.texts import Texts
from jobs.model import GENERATION_LANES, Lane

_LARGEST_ID = 2**52
"""Telegram's ids have at most 52 significant bits."""


def user_id(text: str) -> int | None:
    """Return the id of a user, or (below 0) of a chat in whose name people write; None for other text."""
    if not re.fullmatch(r"[0-9]{1,16}|-[0-9]{6,16}", text) or not 0 < abs(int(text)) <= _LARGEST_ID:
        return None
    return int(text)


def job_id(text: str) -> str | None:
    """Return a job's id as the logs have it; None for other text."""
    return text.lower() if re.fullmatch(r"[a-z2-7]{20}", text.lower()) else None


def lane(text: str) -> Lane | None:
    """Return a lane that can be paused; None for other text."""
    return next((each for each in GENERATION_LANES if each == text.lower()), None)


def count(text: str, most: int) -> int | None:
    """Return a number from 1 to `most`; None for other text."""
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) and 1 <= int(text) <= most else None


def fits(text: str) -> bool:
    """Return whether Telegram takes the text as one message; Telegram counts UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2 <= MessageLimit.MAX_TEXT_LENGTH


def day(value: date, t: Texts) -> str:
    """Return a date as people of the language write it: 24 Dec 2026."""
    return format_date(value, "d MMM y", locale=t.language)
