"""The question to a person who wants a picture or video but has not described it, and their answer."""

from telegram import Message, Update

from bot import incoming
from bot.replies import say
from bot.requests.explain import asked_for, example, question
from bot.services import Services
from chat import keyboards
from jobs.model import Kind


async def ask(services: Services, update: Update, kind: Kind) -> None:
    """Ask what the picture or video should show, with the text field ready for the answer."""
    user, message = incoming.speech(update)
    t = incoming.language(user)
    await remember(services, message, kind)
    await say(services, update, question(kind, t), keyboards.ask(example(kind, t)))


async def remember(services: Services, message: Message, kind: Kind) -> None:
    """Remember that the next plain words in this private chat describe this kind.

    In groups nothing is remembered: there only a reply to the question can answer it.
    """
    if incoming.is_private(message.chat):
        await services.users.questions.remember(message.chat.id, kind)


async def forget(services: Services, message: Message) -> None:
    """Forget the question in this private chat, as the person has asked for something else."""
    if incoming.is_private(message.chat):
        await services.users.questions.forget(message.chat.id)


async def wanted(services: Services, message: Message) -> Kind | None:
    """Return the kind that the message describes in answer to a question; None where nothing was asked.

    Exactly one message answers a remembered question, however often Telegram delivers that message.
    """
    replied = message.reply_to_message
    if replied is not None:
        mine = incoming.answers(message, services.gateway.bot)
        return asked_for(replied.text or "") if mine else None
    if not incoming.is_private(message.chat):
        return None
    return await services.users.questions.answered_by(message.chat.id, message.message_id)
