"""The buttons under messages, and the parsing of their presses. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup

from chat.texts import Texts

Markup = InlineKeyboardMarkup | ForceReply
"""The markup of a message: buttons below it, or a text field that is ready for an answer."""

DATA_MAX_BYTES = 64
"""Telegram's limit on a button's callback_data."""

_JOB_ID = re.compile(r"[a-z2-7]{20}")
_CHOSEN = "✓ "


class Action(StrEnum):
    """The action of a button. Its subject is a choice's name for the settings, a job's id for all others."""

    CANCEL = "cancel"
    AGAIN = "again"
    VARY = "vary"
    ANIMATE = "animate"
    SHOW = "show"  # send a past result again
    SETTINGS = "settings"  # back to the list of settings; no subject
    OPEN = "open"  # the values of one setting; subject: its name
    CHOOSE = "choose"  # subject: name=value, an empty value being the default


OF_JOBS = frozenset({Action.CANCEL, Action.AGAIN, Action.VARY, Action.ANIMATE, Action.SHOW})
"""The actions whose subject is a job's id."""


@dataclass(frozen=True, slots=True)
class Press:
    """A press of a button; `subject` is the job's id, the setting's name, or `name=value`."""

    action: Action
    subject: str = ""

    @property
    def job_id(self) -> str:
        """The job that the button belongs to; empty for the settings' buttons."""
        return self.subject if self.action in OF_JOBS else ""

    @property
    def choice(self) -> tuple[str, str]:
        """The name and value of a CHOOSE, or the name of an OPEN and an empty value."""
        name, _, value = self.subject.partition("=")
        return name, value


def pack(action: Action, subject: str = "") -> str:
    """Return the callback_data of a button; raises ValueError where it is too long for Telegram."""
    data = f"{action}:{subject}"
    if len(data.encode()) > DATA_MAX_BYTES:
        raise ValueError(f"callback_data {data!r} is over {DATA_MAX_BYTES} bytes; shorten the name in it")
    return data


def unpack(data: str | None) -> Press | None:
    """Return the press for a button's callback_data; None for data that `pack` does not make."""
    name, colon, subject = (data or "").partition(":")
    if not colon or name not in set(Action):
        return None
    press = Press(Action(name), subject)
    if press.action in OF_JOBS and not _JOB_ID.fullmatch(subject):
        return None
    return press


def button(label: str, action: Action, subject: str = "") -> InlineKeyboardButton:
    """Return one button."""
    return InlineKeyboardButton(label, callback_data=pack(action, subject))


def ask(example: str) -> ForceReply:
    """Return markup that opens the person's text field as a reply, with an example (1 to 64 characters)."""
    return ForceReply(selective=True, input_field_placeholder=example)


def markup_of(text: str) -> Markup | None:
    """Return the markup of which `text` is Telegram's JSON; None for ""."""
    if not text:
        return None
    found = json.loads(text)
    kind = ForceReply if "force_reply" in found else InlineKeyboardMarkup
    return kind.de_json(found, None)


def cancel(job_id: str, t: Texts) -> InlineKeyboardMarkup:
    """Return the buttons under a job that has not ended."""
    return InlineKeyboardMarkup.from_button(button(t("Cancel"), Action.CANCEL, job_id))


def again(job_id: str, t: Texts) -> InlineKeyboardMarkup:
    """Return the buttons under a job that ended without a result."""
    return InlineKeyboardMarkup.from_button(button(t("Again"), Action.AGAIN, job_id))


def result(job_id: str, t: Texts, *, animate: bool, cached: bool = False) -> InlineKeyboardMarkup:
    """Return the buttons under a result.

    Args:
        job_id: The job's id.
        t: The texts of the person's language.
        animate: The result is a picture, and there is a model that makes a video of it.
        cached: The result was made for an earlier request, so "again" means a result of the person's own.
    """
    again_label = t("Draw anew") if cached else t("Again")
    row = [button(again_label, Action.AGAIN, job_id), button(t("Variation"), Action.VARY, job_id)]
    if animate:
        row.append(button(t("Animate"), Action.ANIMATE, job_id))
    return InlineKeyboardMarkup.from_row(row)


def settings(entries: Sequence[tuple[str, str]]) -> InlineKeyboardMarkup:
    """Return the buttons of the settings, one in a row, from pairs of a label and a setting's name."""
    return InlineKeyboardMarkup.from_column([button(label, Action.OPEN, name) for label, name in entries])


def choices(
    name: str, values: Sequence[tuple[str, str]], chosen: str, t: Texts, *, columns: int = 1
) -> InlineKeyboardMarkup:
    """Return the buttons of one setting's values, and one that leads back.

    Args:
        name: The setting's name.
        values: Pairs of a label and a value.
        chosen: The value that is ticked.
        t: The texts of the person's language.
        columns: Buttons in a row.
    """
    buttons = [
        button(_CHOSEN + label if value == chosen else label, Action.CHOOSE, f"{name}={value}")
        for label, value in values
    ]
    rows = [buttons[at : at + columns] for at in range(0, len(buttons), columns)]
    return InlineKeyboardMarkup([*rows, [button(t("Back"), Action.SETTINGS)]])
