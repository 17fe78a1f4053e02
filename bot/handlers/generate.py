"""/image, /video and plain words: requests."""

from telegram import Message, Update

from bot import incoming
from bot.command import Command
from bot.heeding import listens
from bot.replies import say
from bot.requests import asking, builder, submit
from bot.requests.explain import explain
from bot.requests.parser import Problem, RequestError
from bot.requests.talk import is_talk
from bot.services import Services
from chat import keyboards
from chat.texts import mark
from jobs import ids
from jobs.model import Job, Kind, Request
from jobs.states import ENDED


async def image(services: Services, update: Update) -> None:
    """`/image a fox --ar 16:9`."""
    await _request(services, update, Kind.IMAGE)


async def video(services: Services, update: Update) -> None:
    """`/video waves at night`."""
    await _request(services, update, Kind.VIDEO)


COMMANDS = (
    Command(
        "image",
        image,
        menu=mark("Make a picture of your words"),
        help=mark("/image a red fox in the snow: a picture"),
    ),
    Command(
        "video",
        video,
        menu=mark("Make a short video of your words"),
        help=mark("/video waves at night: a short video"),
    ),
)


async def words(services: Services, update: Update) -> None:
    """Words without a command: a picture, or what the bot has asked for; in groups only words for the bot."""
    _, message = incoming.speech(update)
    if await _for_me(services, message) and await listens(services, update):
        await _request(services, update, None)


async def _for_me(services: Services, message: Message) -> bool:
    """Return whether words ask for something. In a group those do that name the bot, answer its question, or
    go on from the writer's own result; what else people say there to each other costs nobody anything."""
    bot = services.gateway.bot
    if incoming.is_private(message.chat) or incoming.names(message, bot):
        return True
    if not incoming.answers(message, bot):
        return False
    if await asking.wanted(services, message) is not None:
        return True
    job = await services.off(_answered, services, message)
    if job is None or job.origin.user != incoming.writer(message) or is_talk(message.text or ""):
        return False
    return job.artifact is not None or job.state not in ENDED


async def _request(services: Services, update: Update, kind: Kind | None) -> None:
    user, message = incoming.speech(update)
    t = incoming.language(user)
    # Few messages answer another one.
    answered = await services.off(_answered, services, message) if message.reply_to_message else None
    if answered is not None and kind is None and answered.state not in ENDED and not answered.artifact:
        await say(services, update, t("This one is not ready yet. Reply to it once it is."))
        return
    asked = await asking.wanted(services, message) if kind is None else None
    if kind is not None:
        await asking.forget(services, message)
    try:
        choices = await services.preferences.of(incoming.writer(message))
        request = _read(services, choices, _text(services, message, kind), kind or asked, answered)
    except RequestError as error:
        await _explain(services, update, error, asked)
        return
    job_id = ids.from_message(services.gateway.bot.id, message.chat.id, message.message_id)
    refusal = await submit.take(services, job_id, request, incoming.origin(user, message))
    if refusal is None:
        return
    if asked is not None:
        await asking.remember(services, message, asked)
    if not refusal.repeated:
        await say(services, update, refusal.text)


async def _explain(services: Services, update: Update, error: RequestError, asked: Kind | None) -> None:
    """Say what is wrong; `asked`: the kind that the bot has asked for, and still would like to hear of."""
    user, message = incoming.speech(update)
    if error.problem is Problem.NO_PROMPT:
        await asking.ask(services, update, Kind(str(error.values["kind"])))
        return
    if asked is not None:
        await asking.remember(services, message, asked)
    await say(services, update, explain(error, incoming.language(user)))


def _text(services: Services, message: Message, kind: Kind | None) -> str:
    text = message.text or ""
    if kind is not None:
        return incoming.after_command(text)
    return incoming.without_mention(text, services.gateway.bot.username)


def _read(
    services: Services, choices: dict[str, str], text: str, kind: Kind | None, answered: Job | None
) -> Request:
    catalogue, longest = services.catalogue, services.settings.prompt_max_chars
    if answered is None or answered.artifact is None:
        return builder.from_text(text, kind or Kind.IMAGE, choices, catalogue, longest)
    kind = kind or answered.request.kind
    return builder.from_answer(text, kind, answered, choices, catalogue, longest)


def _answered(services: Services, message: Message) -> Job | None:
    """The job whose message this one replies to."""
    replied = message.reply_to_message
    if replied is None or not incoming.answers(message, services.gateway.bot):
        return None
    job = services.ledger.by_message(message.chat.id, replied.message_id)
    return job or services.ledger.get(_job_under(replied))


def _job_under(message: Message) -> str:
    """The job that the message's buttons belong to: a result that was shown again has no other mark."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    presses = (keyboards.unpack(str(button.callback_data)) for row in rows for button in row)
    return next((press.job_id for press in presses if press and press.action is keyboards.Action.AGAIN), "")
