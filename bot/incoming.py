"""Reading updates: who wrote, where, and what is said to the bot. Pure."""

import re

from telegram import Bot, CallbackQuery, Chat, MaybeInaccessibleMessage, Message, Update, User
from telegram.constants import ChatType

from chat.texts import Texts, texts
from jobs.model import Origin


def language(user: User | None) -> Texts:
    """The texts in the user's Telegram language."""
    return texts(user.language_code if user else None)


def speech(update: Update) -> tuple[User, Message]:
    """The user and the message of an update that was filtered to be a person's message."""
    user, message = update.effective_user, update.effective_message
    if user is None or message is None:
        raise ValueError(f"update {update.update_id} is no person's message")
    return user, message


def pressed(update: Update) -> CallbackQuery:
    """The press of a button that the update is."""
    if update.callback_query is None:
        raise ValueError(f"update {update.update_id} is no press of a button")
    return update.callback_query


def writer(message: Message) -> int:
    """Return who has written a message: the id of a user, or (below 0) of the chat in whose name it was.

    All who write as some chat share one user, which says nothing of them.
    """
    if message.sender_chat is not None:
        return message.sender_chat.id
    if message.from_user is None:
        raise ValueError(f"nobody has written message {message.message_id}")
    return message.from_user.id


def origin(user: User, message: MaybeInaccessibleMessage) -> Origin:
    """Where an answer to this message goes; for a press, `message` is the one with the button."""
    # In groups without topics a thread id marks a chain of replies, and cannot be sent to.
    topic = message.message_thread_id if isinstance(message, Message) and message.is_topic_message else None
    wrote = isinstance(message, Message) and message.from_user == user
    return Origin(
        user=writer(message) if wrote and isinstance(message, Message) else user.id,
        chat=message.chat.id,
        reply_to=message.message_id,
        language=language(user).language,
        thread=topic or 0,
    )


def is_private(chat: Chat) -> bool:
    """Whether the chat is one person's with the bot."""
    return chat.type == ChatType.PRIVATE


def after_command(text: str) -> str:
    """The text behind `/command` or `/command@bot`."""
    return re.sub(r"^/\w+(@\w+)?\s*", "", text, count=1)


def command(text: str) -> str:
    """The command's name in lower case, without slash and bot."""
    return re.match(r"/?(\w*)", text)[1].lower()  # type: ignore[index]  # the pattern matches any text


def addressed(message: Message, bot: Bot) -> bool:
    """Whether a message that is no command is meant for the bot: private, an answer to it, or naming it."""
    if is_private(message.chat) or answers(message, bot):
        return True
    return any(
        name.lower() == f"@{bot.username}".lower() for name in message.parse_entities(["mention"]).values()
    )


def answers(message: Message, bot: Bot) -> bool:
    """Whether the message is a reply to one of the bot's."""
    replied = message.reply_to_message
    return replied is not None and replied.from_user is not None and replied.from_user.id == bot.id


def asker(query: CallbackQuery) -> int | None:
    """Return who had asked for the list that a pressed button is under (the list is a reply to them); None
    where that is no longer known."""
    message = query.message
    if message is None or is_private(message.chat):
        return None if message is None else query.from_user.id
    asked = message.reply_to_message if isinstance(message, Message) else None
    return None if asked is None or asked.from_user is None else writer(asked)


def without_mention(text: str, username: str) -> str:
    """The text with `@username` taken out."""
    return re.sub(rf"(?<!\w)@{re.escape(username)}\b[,:]?", "", text, flags=re.IGNORECASE).strip()
