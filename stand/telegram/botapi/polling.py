"""getUpdates and the webhook methods."""

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

from stand.telegram.botapi.fetch import on_loopback
from stand.telegram.botapi.registry import Call, method
from stand.telegram.errors import SECOND_CONSUMER, WEBHOOK_ACTIVE, ApiError, bad_request, conflict
from stand.telegram.webhook import Webhook

Json = dict[str, Any]

_SECRET = re.compile(r"[A-Za-z0-9_-]*")


@method("getUpdates", "offset limit timeout allowed_updates")
async def get_updates(call: Call) -> list[Json]:
    """Return the next updates, after a long poll of up to 50 s.

    A second consumer ends the first one's wait with 409.
    """
    updates = call.bot.updates
    if call.bot.webhook:
        raise conflict(WEBHOOK_ACTIVE)
    _allow(call)
    limit = call.params.integer("limit", 100, 1, 100)
    timeout = call.params.integer("timeout", 0, 0, 50)
    updates.interrupt()
    batch = updates.take(call.params.integer("offset"), limit)
    if batch or not timeout:
        return batch
    waiter = updates.waiter()
    try:
        done, _ = await asyncio.wait({waiter}, timeout=timeout)
    finally:
        waiter.cancel()
    if done and not waiter.result():
        raise conflict("terminated by setWebhook request" if call.bot.webhook else SECOND_CONSUMER)
    return updates.take(0, limit)


def _allow(call: Call) -> None:
    allowed = call.params.json("allowed_updates", "allowed updates")
    if allowed is None:
        return
    if not isinstance(allowed, list):
        raise bad_request("expected an Array of String as allowed_updates")
    call.bot.updates.allowed = [str(kind) for kind in allowed] or None


@method(
    "setWebhook",
    "url! certificate ip_address max_connections allowed_updates drop_pending_updates secret_token",
)
async def set_webhook(call: Call) -> bool:
    """Deliver updates by HTTP to a loopback URL, http:// too; without url, remove the webhook."""
    url = call.params.text("url").strip()
    if not url:
        await _stop(call)
        return True
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if not on_loopback(url):
        raise bad_request("bad webhook: Failed to resolve host: Name or service not known")
    secret = call.params.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    _allow(call)
    await _stop(call)

    async def answer(body: Json) -> None:
        # The response to a webhook may itself be a call; Telegram reports its result to nobody.
        from stand.telegram.botapi.dispatch import run  # noqa: PLC0415 - dispatch imports all methods

        try:
            await run(call.world, call.bot, str(body.pop("method")), body)
        except ApiError:
            return

    webhook = Webhook(url, secret, call.params.integer("max_connections", 40, 1, 100), answer)
    call.bot.webhook = webhook
    call.bot.updates.interrupt()
    call.bot.updates.on_new = webhook.put
    for update in call.bot.updates.drain():
        webhook.put(update)
    return True


async def _stop(call: Call) -> None:
    webhook, call.bot.webhook = call.bot.webhook, None
    call.bot.updates.on_new = None
    if webhook:
        call.bot.updates.delivered += webhook.delivered
        call.bot.updates.restore(await webhook.stop())
    if call.params.flag("drop_pending_updates"):
        call.bot.updates.drain()


@method("deleteWebhook", "drop_pending_updates")
async def delete_webhook(call: Call) -> bool:
    """Return to getUpdates; undelivered updates wait there."""
    await _stop(call)
    return True


@method("getWebhookInfo")
async def get_webhook_info(call: Call) -> Json:
    """Return a WebhookInfo; its url is empty while polling."""
    info: Json = {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": call.bot.updates.pending,
    }
    if call.bot.webhook:
        info |= call.bot.webhook.info()
    if call.bot.updates.allowed:
        info["allowed_updates"] = call.bot.updates.allowed
    return info
