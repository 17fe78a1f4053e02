"""Dispatch of presses of buttons to their handlers."""

from collections.abc import Awaitable, Callable

from telegram import Update

from bot import incoming
from bot.handlers import admin, buttons, history, settings
from bot.heeding import listens_to_press
from bot.keyboards import page_start
from bot.replies import toast
from bot.services import Services
from chat.keyboards import Action, Press, unpack

HANDLERS: dict[Action, Callable[[Services, Update, Press], Awaitable[None]]] = {
    Action.CANCEL: buttons.cancel,
    Action.AGAIN: buttons.remake,
    Action.VARY: buttons.remake,
    Action.ANIMATE: buttons.remake,
    Action.SHOW: history.show,
    Action.SETTINGS: settings.pressed,
    Action.OPEN: settings.pressed,
    Action.CHOOSE: settings.pressed,
}


async def pressed(services: Services, update: Update) -> None:
    """Call the handler of a pressed button; an unknown button gets a helpful reply."""
    if not await listens_to_press(services, update):
        return
    query = incoming.pressed(update)
    press, start = unpack(query.data), page_start(query.data)
    if press is not None:
        await HANDLERS[press.action](services, update, press)
    elif start is not None:
        await history.turn(services, update, start)
    elif not await admin.pressed(services, update):
        t = incoming.language(query.from_user)
        await toast(query, t("This button is out of date. Send /help to see what I can do."), alert=True)
