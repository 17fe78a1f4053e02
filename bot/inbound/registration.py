"""Registration of the webhook at Telegram, and the check that Telegram has it as we set it."""

from telegram import Bot

from bot.application import UPDATE_TYPES
from config.settings import Settings
from jobs.errors import DarkroomError

PATH = "/telegram"


class NotRegistered(DarkroomError):
    """Telegram's webhook differs from the one just set: another process sets it for the same token."""


async def register(bot: Bot, settings: Settings) -> None:
    """Set the webhook and check it; any number of replicas may do so.

    Raises:
        NotRegistered: Another process has set a different webhook.
        telegram.error.TelegramError: A call failed.
    """
    url = settings.webhook_url.rstrip("/") + PATH
    await bot.set_webhook(
        url,
        secret_token=settings.webhook_secret,
        allowed_updates=UPDATE_TYPES,
        max_connections=settings.webhook_max_connections,
    )
    info = await bot.get_webhook_info()
    found = (info.url, info.max_connections, frozenset(info.allowed_updates or ()))
    if found != (url, settings.webhook_max_connections, frozenset(UPDATE_TYPES)):
        raise NotRegistered(f"the webhook was set and now is {info.url!r}: end the other process")
