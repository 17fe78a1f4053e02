"""A bot that takes in updates by webhook, with a Redis of its own that tests take away."""

import base64
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from bot_stage import TOKEN, Scene
from standardwebhooks import Webhook

from jobs.signing import signature
from sandbox.processes import Program
from stand.telegram.client import TelegramStand
from stand.telegram.text.entities import plain_entities

SECRET = "the_secret-of-this-webhook"
BEFORE = "the_word-before-this-one"
OLD_SIGNING = "signed the ids of this bot's jobs"
SIGNING = "signs the ids of this bot's jobs"
PROVIDER_KEY = "whsec_" + base64.b64encode(b"the provider's signing key").decode()


def webhook_settings(port: int) -> dict[str, str]:
    """Both kinds of webhooks, to a port of this machine."""
    return {
        "BOT_MODE": "webhook",
        "WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "WEBHOOK_SECRET": SECRET,
        "WEBHOOK_SECRET_PREVIOUS": BEFORE,
        **provider_settings(port),
    }


def provider_settings(port: int) -> dict[str, str]:
    """The providers' webhooks alone."""
    return {
        "WEBHOOK_BIND": f"127.0.0.1:{port}",
        "REPLICATE_API_URL": "http://127.0.0.1:1/v1",
        "PROVIDER_WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "SIGNING_SECRET": SIGNING,
        "SIGNING_SECRET_PREVIOUS": OLD_SIGNING,
        "REPLICATE_WEBHOOK_SECRET": PROVIDER_KEY,
    }


def signed(body: bytes, delivery: str, age_s: float = 0, key: str = PROVIDER_KEY) -> dict[str, str]:
    """The headers of a provider's webhook."""
    at = datetime.now(UTC) - timedelta(seconds=age_s)
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(key).sign(delivery, at, body.decode()),
    }


class Door(Scene):
    """The bot's HTTP door, and what a `Scene` has."""

    def __init__(
        self, stand: TelegramStand, redis_url: str, http: httpx.Client, bot: Program, server: Program
    ) -> None:
        super().__init__(stand, redis_url)
        self.redis_url = redis_url
        self.http = http
        self.url = str(http.base_url).rstrip("/")
        self.bot = bot
        self.server = server

    def post(self, update: object, **headers: str) -> httpx.Response:
        """Post an update (an object, or the raw body) as Telegram does."""
        body = update if isinstance(update, bytes) else json.dumps(update).encode()
        given = {"X-Telegram-Bot-Api-Secret-Token": SECRET} | headers
        return self.http.post("/telegram", content=body, headers=given)

    def hint(
        self,
        job: str,
        body: bytes,
        headers: Mapping[str, str],
        sig: str | None = None,
        name: str = "replicate",
    ) -> httpx.Response:
        """Post a provider's webhook."""
        query = {"job": job, "sig": signature(SIGNING, job) if sig is None else sig}
        return self.http.post(
            f"/providers/{name}/webhook",
            params=query,
            content=body,
            headers=[(each.encode(), value.encode()) for each, value in headers.items()],
        )

    def info(self) -> dict[str, Any]:
        """Telegram's WebhookInfo."""
        url = f"{self.stand.base_url}/bot{TOKEN}/getWebhookInfo"
        answer: dict[str, Any] = httpx.get(url, trust_env=False).json()
        return dict(answer["result"])


def said(user: int, text: str, number: int) -> dict[str, Any]:
    """An update: somebody writes to the bot in private."""
    person = {"id": user, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    message = {
        "message_id": number,
        "date": int(time.time()),
        "chat": {"id": user, "type": "private", "first_name": "Ann"},
        "from": person,
        "text": text,
        "entities": plain_entities(text),
    }
    return {"update_id": user * 1000 + number, "message": message}
