"""A picture or video that somebody wants without saying of what: they are asked, and answer in words."""

from telegram import Message, Update

from bot import incoming
from bot.replies import say
from bot.requests.explain import asked_for, example, question
from bot.services import Services
from chat import keyboards
from jobs.model import Kind
from ledger import keys

REMEMBERED_S = 600
"""So long a question in a private chat waits for plain words; later ones are a picture, as ever."""


async def ask(services: Services, update: Update, kind: Kind) -> None:
    """Ask what it should show, with the text field ready for the answer."""
    user, message = incoming.speech(update)
    t = incoming.language(user)
    await remember(services, message, kind)
    await say(services, update, question(kind, t), keyboards.ask(example(kind, t)))


async def remember(services: Services, message: Message, kind: Kind) -> None:
    """In this private chat the next plain words are of this kind; in groups only a reply can be."""
    if incoming.is_private(message.chat):
        await services.ledger_pipeline.command(
            "SET", keys.asked_for(message.chat.id), kind, "EX", REMEMBERED_S
        )


async def forget(services: Services, message: Message) -> None:
    """The person has asked for something else meanwhile."""
    if incoming.is_private(message.chat):
        await services.ledger_pipeline.command("DEL", keys.asked_for(message.chat.id))


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
    key, me = keys.asked_for(message.chat.id), str(message.message_id)
    kind, _, answer = (await services.ledger_pipeline.command("GET", key) or "").partition("@")
    if kind not in list(Kind) or answer not in ("", me):
        return None
    if not answer:
        await services.ledger_pipeline.command("SET", key, f"{kind}@{me}", "XX", "KEEPTTL")
    return Kind(kind)
