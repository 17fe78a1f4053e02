"""Updates of which nobody can tell whether they were dealt with: what the people are told. Pure."""

from bot import incoming
from bot.inbound import reading
from chat.texts import texts
from ledger.queues.reply_queue import Reply


def answer_to(body: str) -> Reply | None:
    """Words in answer to an update (JSON, as Telegram posts it).

    None where nobody waits for any: only a person who writes in private surely means the bot.
    """
    update = reading.update_of(body, None)
    message = update.message if update else None
    if message is None or message.from_user is None or not incoming.is_private(message.chat):
        return None
    origin = incoming.origin(message.from_user, message)
    t = texts(origin.language)
    text = t(
        "I had to go back to a backup and cannot tell whether I have dealt with this. If you are still "
        "waiting for it, send it again."
    )
    return Reply(f"restored:{origin.chat}:{origin.reply_to}", origin, text)
