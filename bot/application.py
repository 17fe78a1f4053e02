"""python-telegram-bot's Application: which update goes to which handler."""

from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Bot, Message, Update
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackContext,
    CallbackQueryHandler,
    CommandHandler,
    MessageHandler,
    filters,
)

from bot import incoming
from bot.dispatch import HANDLERS, unknown
from bot.handlers import fallback, generate, presses
from bot.heeding import heeded
from bot.services import Services

App = Application[Any, Any, Any, Any, Any, Any]
Context = CallbackContext[Any, Any, Any, Any]

CONCURRENT_UPDATES = 256
"""Most updates that are handled at a time; most of these wait for their chat's rate limit."""
ADMINS = "admins"
"""The key in the Application's `bot_data` under which the admins' ids are kept."""
UPDATE_TYPES = (Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY)
"""The types of update that Telegram is asked to send."""


class _FromPerson(filters.MessageFilter):
    """A filter for messages that people write, also in the name of a group or channel.

    It excludes messages of other bots, and the posts of a channel that Telegram itself repeats in the
    channel's discussion group.
    """

    def filter(self, message: Message) -> bool:
        writer = message.from_user
        if writer is None or message.is_automatic_forward:
            return False
        return not writer.is_bot or message.sender_chat is not None


class _ToMe(filters.MessageFilter):
    """A filter for messages that are meant for this bot, by a test of `bot.incoming`."""

    def __init__(self, bot: Bot, test: Callable[[Message, Bot], bool]) -> None:
        super().__init__()
        self._bot = bot
        self._test = test

    def filter(self, message: Message) -> bool:
        return self._test(message, self._bot)


_SAID = filters.UpdateType.MESSAGE & _FromPerson()
_EDITED = filters.UpdateType.EDITED_MESSAGE & _FromPerson()
_CONTENT = filters.ATTACHMENT & ~filters.StatusUpdate.ALL


def build(services: Services) -> App:
    """Return the Application around the gateway's bot, without an updater: `bot.inbound` feeds it updates."""
    application: App = (
        ApplicationBuilder()
        .bot(services.gateway.bot)
        .updater(None)
        .job_queue(None)
        .concurrent_updates(CONCURRENT_UPDATES)
        .build()
    )

    application.bot_data[ADMINS] = services.settings.admin_ids

    def using(handle: Callable[[Services, Update], Awaitable[None]]) -> Any:
        async def callback(update: Update, _context: Context) -> None:
            await handle(services, update)

        return callback

    async def summoned(update: Update, _context: Context) -> None:
        _, message = incoming.speech(update)
        name, _ = incoming.command(message)
        await HANDLERS.get(name, unknown)(services, update)

    bot = services.gateway.bot
    for_me = filters.ChatType.PRIVATE | _ToMe(bot, incoming.names)

    async def on_error(update: object, context: Context) -> None:
        await fallback.error(services, update, context.error)

    application.add_handlers(
        [
            *(CommandHandler(name, using(handle), _SAID) for name, handle in HANDLERS.items()),
            MessageHandler(_SAID & filters.COMMAND, using(unknown)),
            MessageHandler(_SAID & filters.TEXT & _ToMe(bot, incoming.summons), summoned),
            MessageHandler(_SAID & filters.TEXT, using(generate.words)),
            MessageHandler(_SAID & _CONTENT & for_me, using(heeded(fallback.media))),
            MessageHandler(_EDITED & filters.TEXT, using(fallback.edited)),
            CallbackQueryHandler(using(presses.pressed)),
        ]
    )
    application.add_error_handler(on_error)
    return application
