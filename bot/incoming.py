"""Reading updates: who wrote, where, and what is said to the bot. Pure."""

import re
from collections.abc import Iterator, Sequence

from telegram import Bot, CallbackQuery, Chat, MaybeInaccessibleMessage, Message, MessageEntity, Update, User
from telegram.constants import ChatType

from chat.texts import Texts, texts
from jobs.model import Origin

_COMMAND = re.compile(r"\s*(@\w+[,:]?\s+)?/\w+(@\w+)?\s*")


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
    """The text behind `/command` or `/command@bot`, which may stand behind the bot's name."""
    found = _COMMAND.match(text)
    return text[found.end() :] if found else text


def command(message: Message) -> tuple[str, str]:
    """Return a message's first command, in lower case: its name, and the bot it is for ("": none named)."""
    found = next(_parts(message.text, message.entities, MessageEntity.BOT_COMMAND), "")
    name, _, bot = found.lower().removeprefix("/").partition("@")
    return name, bot


def summons(message: Message, bot: Bot) -> bool:
    """Return whether a text is the bot's name with a command behind it: `@bot /video waves`."""
    pattern = rf"\s*@{re.escape(bot.username)}[,:]?\s+/\w"
    return re.match(pattern, message.text or "", re.IGNORECASE) is not None and bool(command(message)[0])


def names(message: Message, bot: Bot) -> bool:
    """Return whether a text or a caption names the bot, by itself or in a command."""
    me = f"@{bot.username}".lower()
    kinds = (MessageEntity.MENTION, MessageEntity.BOT_COMMAND)
    found = (
        *_parts(message.text, message.entities, *kinds),
        *_parts(message.caption, message.caption_entities, *kinds),
    )
    return any(each.lower().endswith(me) for each in found)


def _parts(text: str | None, entities: Sequence[MessageEntity], *kinds: str) -> Iterator[str]:
    """Yield what the entities of these kinds mark. The library's own way encodes the whole text for each of
    them, of which a message may have as many as it has words."""
    units = (text or "").encode("utf-16-le")
    for each in entities:
        if each.type in kinds:
            part = units[2 * each.offset : 2 * (each.offset + each.length)]
            yield part.decode("utf-16-le", errors="replace")


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
