"""The list of commands that Telegram shows beside the text field, in each language."""

from collections.abc import Iterable

import structlog
from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import BadRequest, Forbidden

from chat.texts import LANGUAGES, Texts, texts

log = structlog.get_logger(__name__)

COMMANDS = ("image", "video", "jobs", "cancel", "history", "settings", "help", "start")


async def announce(bot: Bot, admins: Iterable[int] = ()) -> None:
    """Set the lists; the first language's is also that of all languages that have none."""
    for language in LANGUAGES:
        await bot.set_my_commands(listed(texts(language)), language_code=_code(language))
    for admin in admins:
        await announce_to(bot, admin)


async def announce_to(bot: Bot, admin: int) -> None:
    """Set the lists of an admin's private chat, which have the admins' commands too.

    Telegram knows no chat with an admin who has never written to the bot; /start makes up for it.
    """
    for language in LANGUAGES:
        t = texts(language)
        try:
            await bot.set_my_commands(
                [*listed(t), *listed_for_admins(t)],
                scope=BotCommandScopeChat(admin),
                language_code=_code(language),
            )
        except (BadRequest, Forbidden) as error:
            log.info("no menu for an admin yet", reason=error.message)
            return


def listed(t: Texts) -> list[BotCommand]:
    """The commands worth a place in the list."""
    return [
        BotCommand("image", t("Make a picture of your words")),
        BotCommand("video", t("Make a short video of your words")),
        BotCommand("jobs", t("What I am making for you now")),
        BotCommand("cancel", t("Stop a job, or all of them")),
        BotCommand("history", t("Your latest results")),
        BotCommand("settings", t("Choose models and aspect ratios")),
        BotCommand("help", t("What I can do")),
    ]


def listed_for_admins(t: Texts) -> list[BotCommand]:
    """What stands below the others in the admins' private chats."""
    return [
        BotCommand("stats", t("How things stand")),
        BotCommand("budget", t("What jobs may cost: /budget, /budget day 25")),
        BotCommand("job", t("The whole life of a job: /job ID")),
        BotCommand("user", t("What I know of a user: /user ID")),
        BotCommand("block", t("Take no more requests of a user: /block ID")),
        BotCommand("unblock", t("Take a user's requests again: /unblock ID")),
        BotCommand("vip", t("VIP users: /vip grant ID DAYS, revoke ID, list")),
        BotCommand("pause", t("Start no more jobs of a lane: /pause LANE")),
        BotCommand("resume", t("Go on with a lane: /resume LANE")),
        BotCommand("broadcast", t("Write to all users: /broadcast TEXT, stop")),
    ]


def _code(language: str) -> str | None:
    return None if language == LANGUAGES[0] else language
