"""Reading of updates: who wrote, in which chat, and whether it is meant for the bot. Pure."""

import re
from collections.abc import Iterator, Sequence

from telegram import Bot, CallbackQuery, Chat, MaybeInaccessibleMessage, Message, MessageEntity, Update, User
from telegram.constants import ChatType

from chat.texts import Texts, texts
from jobs.model import Origin

_COMMAND = re.compile(r"\s*(@\w+[,:]?\s+)?/\w+(@\w+)?\s*")


def language(user: User | None) -> Texts:
    """Return the texts in the user's Telegram language."""
    return texts(user.language_code if user else None)


def speech(update: Update) -> tuple[User, Message]:
    """Return the user and the message of an update that passed the filter for people's messages."""
    user, message = update.effective_user, update.effective_message
    if user is None or message is None:
        raise ValueError(f"update {update.update_id} is no person's message")
    return user, message


def pressed(update: Update) -> CallbackQuery:
    """Return the update's press of a button; raises ValueError for any other update."""
    if update.callback_query is None:
        raise ValueError(f"update {update.update_id} is no press of a button")
    return update.callback_query


def writer(message: Message) -> int:
    """Return the id of a message's writer: a user, or (below 0) the chat in whose name the person wrote.

    In messages in the name of a chat Telegram sets a placeholder user, which many writers share.
    """
    if message.sender_chat is not None:
        return message.sender_chat.id
    if message.from_user is None:
        raise ValueError(f"nobody has written message {message.message_id}")
    return message.from_user.id


def origin(user: User, message: MaybeInaccessibleMessage) -> Origin:
    """Return where a reply to this message goes; for a press, `message` is the one with the button."""
    # In groups without topics a thread id marks a chain of replies; no message can be sent to it.
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
    """Return whether the chat is a private one, between one person and the bot."""
    return chat.type == ChatType.PRIVATE


def after_command(text: str) -> str:
    """Return the text after `/command` or `/command@bot`, before which the bot's name may stand."""
    found = _COMMAND.match(text)
    return text[found.end() :] if found else text


def command(message: Message) -> tuple[str, str]:
    """Return a message's first command in lower case: its name, and the bot that it names ("" for none)."""
    found = next(_parts(message.text, message.entities, MessageEntity.BOT_COMMAND), "")
    name, _, bot = found.lower().removeprefix("/").partition("@")
    return name, bot


def summons(message: Message, bot: Bot) -> bool:
    """Return whether a text begins with the bot's name and then a command: `@bot /video waves`."""
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
    """Yield the parts of the text that entities of these kinds mark.

    The library's own method encodes the whole text again for each entity, and a message may have as many
    entities as words.
    """
    units = (text or "").encode("utf-16-le")
    for each in entities:
        if each.type in kinds:
            part = units[2 * each.offset : 2 * (each.offset + each.length)]
            yield part.decode("utf-16-le", errors="replace")


def answers(message: Message, bot: Bot) -> bool:
    """Return whether the message is a reply to a message of the bot."""
    replied = message.reply_to_message
    return replied is not None and replied.from_user is not None and replied.from_user.id == bot.id


def asker(query: CallbackQuery) -> int | None:
    """Return the id of the person for whom the bot sent the list with the pressed button.

    In a private chat that is the person who pressed. In a group the list is a reply to that person's message;
    None where Telegram no longer shows that message.
    """
    message = query.message
    if message is None or is_private(message.chat):
        return None if message is None else query.from_user.id
    asked = message.reply_to_message if isinstance(message, Message) else None
    return None if asked is None or asked.from_user is None else writer(asked)


def without_mention(text: str, username: str) -> str:
    """Return the text without `@username`."""
    return re.sub(rf"(?<!\w)@{re.escape(username)}\b[,:]?", "", text, flags=re.IGNORECASE).strip()
