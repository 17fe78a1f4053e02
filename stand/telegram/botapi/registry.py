"""The methods that the stand knows, with their parameters as the Bot API lists them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from stand.telegram.botapi.params import Params
from stand.telegram.bots import Bot
from stand.telegram.world import World


@dataclass
class Call:
    """One call in progress: the bot, its parameters, and what the log needs of it."""

    world: World
    bot: Bot
    method: str
    params: Params
    chat: int | None = None
    message_id: int | None = None


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Method:
    """A registered method; `parameters` is name -> whether the Bot API requires it."""

    name: str
    parameters: dict[str, bool]
    handler: Handler


METHODS: dict[str, Method] = {}


def method(name: str, parameters: str = "") -> Callable[[Handler], Handler]:
    """Register a handler for the method.

    Args:
        name: The method.
        parameters: The parameters' names, with `!` after those that the Bot API requires. If Telegram has no
            error text of its own for a required one, the handler checks it by `Params.required`.
    """

    def register(handler: Handler) -> Handler:
        listed = {item.rstrip("!"): item.endswith("!") for item in parameters.split()}
        METHODS[name.lower()] = Method(name, listed, handler)
        return handler

    return register


# The parameters that all send... methods take besides the content.
SENDING = (
    "business_connection_id chat_id! message_thread_id direct_messages_topic_id disable_notification "
    "protect_content allow_paid_broadcast message_effect_id suggested_post_parameters reply_parameters "
    "reply_markup "
)
COPYING = (
    "chat_id! from_chat_id! message_thread_id direct_messages_topic_id disable_notification protect_content "
)
EDITING = "business_connection_id chat_id message_id inline_message_id reply_markup "
