"""The methods that the stand knows, with their parameters as the Bot API lists them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from stand.telegram.botapi.params import Params
from stand.telegram.bots import Bot
from stand.telegram.world import World


@dataclass
class Call:
    """One call on its way: who calls, with what, and what the log shall say of it."""

    world: World
    bot: Bot
    method: str
    params: Params
    chat: int | None = None
    message_id: int | None = None


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Method:
    """`parameters`: name -> whether the Bot API requires it."""

    name: str
    parameters: dict[str, bool]
    handler: Handler


METHODS: dict[str, Method] = {}


def method(name: str, parameters: str = "") -> Callable[[Handler], Handler]:
    """Register a handler for the method.

    `parameters` are their names, with `!` after those that the Bot API requires.
    Required ones without words of their own in Telegram are checked by `Params.required` in the handler.
    """

    def register(handler: Handler) -> Handler:
        listed = {item.rstrip("!"): item.endswith("!") for item in parameters.split()}
        METHODS[name.lower()] = Method(name, listed, handler)
        return handler

    return register


# What all send... methods take beside the content.
SENDING = (
    "business_connection_id chat_id! message_thread_id direct_messages_topic_id disable_notification "
    "protect_content allow_paid_broadcast message_effect_id suggested_post_parameters reply_parameters "
    "reply_markup "
)
COPYING = (
    "chat_id! from_chat_id! message_thread_id direct_messages_topic_id disable_notification protect_content "
)
EDITING = "business_connection_id chat_id message_id inline_message_id reply_markup "
