"""Replies to updates that may or may not have been handled, after a backup was restored. Pure."""

from bot import incoming
from bot.inbound import reading
from chat.texts import texts
from ledger.queues.reply_queue import Reply


def answer_to(body: str) -> Reply | None:
    """Return a reply that asks the person to send the message again if they still wait for it.

    Args:
        body: The update in JSON, as Telegram posts it.

    Returns:
        None where nobody waits for a reply: only a person who writes in private surely means the bot.
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
