"""answerCallbackQuery."""

import time

from stand.telegram.botapi.registry import Call, method
from stand.telegram.errors import QUERY_TOO_OLD, bad_request


@method("answerCallbackQuery", "callback_query_id! text show_alert url cache_time")
async def answer_callback_query(call: Call) -> bool:
    """Answer a press of a button, with a notice or an alert of up to 200 characters.

    The call does not count for flood control.
    """
    query_id = call.params.required("callback_query_id")
    press = call.world.presses.get(query_id)
    too_old = press is not None and time.time() - press.at > call.world.settings.callback_seconds
    if press is None or press.bot != call.bot.id or too_old:
        raise bad_request(QUERY_TOO_OLD)
    text = call.params.text("text")
    if len(text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    call.chat = press.chat
    if press.answered:
        return True
    press.answered, press.text, press.show_alert = True, text or None, call.params.flag("show_alert")
    call.world.events.add(
        "press_answer", press.chat, callback_query_id=press.id, text=press.text, show_alert=press.show_alert
    )
    return True
