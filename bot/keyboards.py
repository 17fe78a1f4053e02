"""The buttons that only the bot's own lists have; those under jobs are in `chat.keyboards`. Pure."""

import re

from telegram import InlineKeyboardButton

from chat.texts import Texts

_PAGE = re.compile(r"history:([0-9]{1,3})")


def pages(start: int, size: int, total: int, t: Texts) -> list[InlineKeyboardButton]:
    """The row that turns the pages of a list, which now shows `size` entries from `start` on."""
    row = []
    if start > 0:
        row.append(_button(t("← Later"), max(0, start - size)))
    if start + size < total:
        row.append(_button(t("Earlier →"), start + size))
    return row


def page_start(data: str | None) -> int | None:
    """The entry that a pressed page button starts from; None for any other button."""
    match = _PAGE.fullmatch(data or "")
    return int(match[1]) if match else None


def _button(label: str, start: int) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=f"history:{start}")
