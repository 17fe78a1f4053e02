"""POST /telegram: updates from Telegram, answered when what must last of them is in the ledger."""

import hmac
import json

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot, Message, Update

from bot.webhook import body
from bot.webhook.inbox import Inbox
from bot.webhook.registration import PATH
from jobs.tally import Tally

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name
MOST_BYTES = 1 << 20
"""An update is a few kB; the longest text with all its entities stays far below this."""
_LARGEST_ID = 1 << 63


def route(inbox: Inbox, secret: str, tally: Tally) -> Route:
    """The route for Telegram.

    200: taken, or dealt with before. 401, 403: not Telegram. 400, 413: no update. 503: to come again.
    """
    expected = secret.encode()

    async def receive(request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER)
        if given is None or not hmac.compare_digest(given.encode(), expected):
            tally.count("webhooks:telegram:refused")
            raise HTTPException(401 if given is None else 403)
        update = parse(await body.read(request, MOST_BYTES), inbox.bot)
        if update is None:
            raise HTTPException(400)
        taken = await inbox.take(update)
        if taken:
            tally.count("webhooks:telegram:received")
        return Response(status_code=200 if taken else 503)

    return Route(PATH, receive, methods=["POST"])


def parse(content: bytes, bot: Bot) -> Update | None:
    """The update in a body; None where it is none."""
    try:
        update = Update.de_json(json.loads(content), bot)
        return update if _is_sound(update) else None
    except Exception:
        # The library takes what Telegram sends for granted. Whatever it stumbles over is the body's fault.
        return None


def _is_sound(update: Update) -> bool:
    """Whether all numbers that name something are numbers: the library checks no types, and Redis
    would be blamed for what it cannot store."""
    query = update.callback_query
    message = query.message if query else update.effective_message
    named = [update.update_id]
    named += [each.id for each in (update.effective_user, update.effective_chat) if each]
    while message is not None:
        named += [message.message_id, message.chat.id]
        # A press may be on a message that is too old to be shown.
        message = message.reply_to_message if isinstance(message, Message) else None
    return all(type(each) is int and abs(each) < _LARGEST_ID for each in named)
