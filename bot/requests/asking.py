"""A picture or video that somebody wants without saying of what: they are asked, and answer in words."""

from telegram import Message, Update

from bot import incoming
from bot.replies import say
from bot.requests.explain import asked_for, example, question
from bot.services import Services
from chat import keyboards
from jobs.model import Kind


async def ask(services: Services, update: Update, kind: Kind) -> None:
    """Ask what it should show, with the text field ready for the answer."""
    user, message = incoming.speech(update)
    t = incoming.language(user)
    await remember(services, message, kind)
    await say(services, update, question(kind, t), keyboards.ask(example(kind, t)))


async def remember(services: Services, message: Message, kind: Kind) -> None:
    """In this private chat the next plain words are of this kind; in groups only a reply can be."""
    if incoming.is_private(message.chat):
        await services.questions.remember(message.chat.id, kind)


async def forget(services: Services, message: Message) -> None:
    """The person has asked for something else meanwhile."""
    if incoming.is_private(message.chat):
        await services.questions.forget(message.chat.id)


async def wanted(services: Services, message: Message) -> Kind | None:
    """Return the kind that the message's words are the answer to; None where nothing was asked.

    A remembered question is answered by one message, however often that message comes.
    """
    replied = message.reply_to_message
    if replied is not None:
        mine = incoming.answers(message, services.gateway.bot)
        return asked_for(replied.text or "") if mine else None
    if not incoming.is_private(message.chat):
        return None
    return await services.questions.answered_by(message.chat.id, message.message_id)
