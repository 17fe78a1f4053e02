"""The buttons under messages, and what a press of one says. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup

from chat.texts import Texts

Markup = InlineKeyboardMarkup | ForceReply
"""What a message may bring along: buttons below it, or a text field that is ready for an answer."""

DATA_MAX_BYTES = 64
"""Telegram's limit on a button's callback_data."""

_JOB_ID = re.compile(r"[a-z2-7]{20}")
_CHOSEN = "✓ "


class Action(StrEnum):
    """What a button does. Those of the settings carry a choice's name; all others a job's id."""

    CANCEL = "cancel"
    AGAIN = "again"
    VARY = "vary"
    ANIMATE = "animate"
    SHOW = "show"  # a past result, once more
    SETTINGS = "settings"  # back to the list of settings; no subject
    OPEN = "open"  # the values of one setting; subject: its name
    CHOOSE = "choose"  # subject: name=value, an empty value being the default


OF_JOBS = frozenset({Action.CANCEL, Action.AGAIN, Action.VARY, Action.ANIMATE, Action.SHOW})
"""The actions whose subject is a job's id."""


@dataclass(frozen=True, slots=True)
class Press:
    """One press of a button: `subject` is the job's id, the setting's name, or `name=value`."""

    action: Action
    subject: str = ""

    @property
    def job_id(self) -> str:
        """The job that the button belongs to; empty for the settings' buttons."""
        return self.subject if self.action in OF_JOBS else ""

    @property
    def choice(self) -> tuple[str, str]:
        """Name and value of a CHOOSE (or the name of an OPEN with an empty value)."""
        name, _, value = self.subject.partition("=")
        return name, value


def pack(action: Action, subject: str = "") -> str:
    """The callback_data of a button; raises ValueError where Telegram would not take it."""
    data = f"{action}:{subject}"
    if len(data.encode()) > DATA_MAX_BYTES:
        raise ValueError(f"callback_data {data!r} is over {DATA_MAX_BYTES} bytes; shorten the name in it")
    return data


def unpack(data: str | None) -> Press | None:
    """What a button's callback_data says; None for anything that `pack` does not make."""
    name, colon, subject = (data or "").partition(":")
    if not colon or name not in set(Action):
        return None
    press = Press(Action(name), subject)
    if press.action in OF_JOBS and not _JOB_ID.fullmatch(subject):
        return None
    return press


def button(label: str, action: Action, subject: str = "") -> InlineKeyboardButton:
    """One button."""
    return InlineKeyboardButton(label, callback_data=pack(action, subject))


def ask(example: str) -> ForceReply:
    """Have the person's text field open as an answer, with an example in it (1 to 64 characters)."""
    return ForceReply(selective=True, input_field_placeholder=example)


def markup_of(text: str) -> Markup | None:
    """Return the markup of which `text` is Telegram's JSON; None for ""."""
    if not text:
        return None
    found = json.loads(text)
    kind = ForceReply if "force_reply" in found else InlineKeyboardMarkup
    return kind.de_json(found, None)


def cancel(job_id: str, t: Texts) -> InlineKeyboardMarkup:
    """Under a job that has not ended."""
    return InlineKeyboardMarkup.from_button(button(t("Cancel"), Action.CANCEL, job_id))


def again(job_id: str, t: Texts) -> InlineKeyboardMarkup:
    """Under a job that ended without a result."""
    return InlineKeyboardMarkup.from_button(button(t("Again"), Action.AGAIN, job_id))


def result(job_id: str, t: Texts, *, animate: bool, cached: bool = False) -> InlineKeyboardMarkup:
    """Under a result; `animate`: it is a picture, and there is a model that makes a video of it.

    `cached`: it was made for an earlier request, and "again" means one of the person's own.
    """
    again_label = t("Draw anew") if cached else t("Again")
    row = [button(again_label, Action.AGAIN, job_id), button(t("Variation"), Action.VARY, job_id)]
    if animate:
        row.append(button(t("Animate"), Action.ANIMATE, job_id))
    return InlineKeyboardMarkup.from_row(row)


def settings(entries: Sequence[tuple[str, str]]) -> InlineKeyboardMarkup:
    """The list of settings, one in a row: (label, the setting's name) each."""
    return InlineKeyboardMarkup.from_column([button(label, Action.OPEN, name) for label, name in entries])


def choices(
    name: str, values: Sequence[tuple[str, str]], chosen: str, t: Texts, *, columns: int = 1
) -> InlineKeyboardMarkup:
    """The values of one setting, (label, value) each, the `chosen` value ticked, and a way back."""
    buttons = [
        button(_CHOSEN + label if value == chosen else label, Action.CHOOSE, f"{name}={value}")
        for label, value in values
    ]
    rows = [buttons[at : at + columns] for at in range(0, len(buttons), columns)]
    return InlineKeyboardMarkup([*rows, [button(t("Back"), Action.SETTINGS)]])
