"""The buttons that only lists of the bot have; `chat.keyboards` has those under jobs. Pure."""

import re

from telegram import InlineKeyboardButton

from chat.texts import Texts

_PAGE = re.compile(r"history:([0-9]{1,3})")


def pages(start: int, size: int, total: int, t: Texts) -> list[InlineKeyboardButton]:
    """Return the row of buttons that turns the pages of a list.

    Args:
        start: The first entry that the list shows now, from 0.
        size: Entries on a page.
        total: Entries of the whole list.
        t: The texts of the reader's language.
    """
    row = []
    if start > 0:
        row.append(_button(t("← Later"), max(0, start - size)))
    if start + size < total:
        row.append(_button(t("Earlier →"), start + size))
    return row


def page_start(data: str | None) -> int | None:
    """Return the first entry of the page that a pressed button leads to; None for any other button."""
    match = _PAGE.fullmatch(data or "")
    return int(match[1]) if match else None


def _button(label: str, start: int) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=f"history:{start}")
