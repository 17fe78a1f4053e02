"""The list of commands that Telegram shows beside the text field, in each language."""

from telegram import Bot, BotCommand

from chat.texts import LANGUAGES, Texts, texts

COMMANDS = ("image", "video", "jobs", "cancel", "history", "settings", "help", "start")


async def announce(bot: Bot) -> None:
    """Set the lists; the first language's is also that of all languages that have none."""
    for language in LANGUAGES:
        code = None if language == LANGUAGES[0] else language
        await bot.set_my_commands(listed(texts(language)), language_code=code)


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
