"""A bot: its card, its updates, and its own description."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stand.telegram.updates import UpdateQueue

if TYPE_CHECKING:
    from stand.telegram.webhook import Webhook

Json = dict[str, Any]

TOKEN = re.compile(r"([1-9]\d{0,15}):[\w-]{30,}")


@dataclass
class Press:
    """A callback query of a bot and the answer to it."""

    id: str
    bot: int
    chat: int
    at: float
    answered: bool = False
    text: str | None = None
    show_alert: bool = False

    def view(self) -> Json:
        """Return the control API's view."""
        return {"answered": self.answered, "text": self.text, "show_alert": self.show_alert}


@dataclass
class Bot:
    """A bot, created at the first call with its token."""

    id: int
    token: str
    username: str
    updates: UpdateQueue
    name: str = "Darkroom"
    webhook: "Webhook | None" = None
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[int | None, Json] = field(default_factory=dict)

    def card(self) -> Json:
        """Return Telegram's User object, as the author of messages."""
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def full_card(self) -> Json:
        """Return the User object of getMe."""
        flags = {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }
        return {**self.card(), **flags}
