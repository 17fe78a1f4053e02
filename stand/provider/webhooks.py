"""Webhooks as Replicate sends them: signed by the Standard Webhooks scheme, retried until accepted."""

import asyncio
import base64
import collections
import json
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import standardwebhooks

from stand.provider.faults import Fault, Faults
from stand.provider.predictions import Prediction
from stand.provider.settings import Settings

ATTEMPTS = 5
TIMEOUT_S = 10.0
STALE = timedelta(hours=1)
DEFAULT_EVENTS = frozenset({"output", "completed"})


def new_secret() -> str:
    """Return a new signing secret: `whsec_` and 24 random bytes in base 64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


class Webhooks:
    """Sends the webhooks of all predictions; `sent` records the outcome of each."""

    def __init__(self, base_url: str, secret: str, settings: Settings, faults: Faults) -> None:
        self.secret = secret
        self._base_url = base_url
        self._settings = settings
        self._faults = faults
        self._signer = standardwebhooks.Webhook(secret)
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)
        self._sending: set[asyncio.Task[None]] = set()
        self.sent: collections.deque[dict[str, Any]] = collections.deque(maxlen=10_000)

    def tell(self, prediction: Prediction, event: str) -> None:
        """Send the prediction as it is now, if its creator asked for that event."""
        if prediction.webhook is None or event not in (prediction.events or DEFAULT_EVENTS):
            return
        self.send(prediction, event, self._faults.take("webhook", prediction.prompt))

    def send(self, prediction: Prediction, event: str, fault: Fault | None = None) -> None:
        """Send a webhook even if its creator did not ask for the event; a fault spoils it."""
        if prediction.webhook is None:
            raise ValueError(f"prediction {prediction.id} has no webhook")
        body = json.dumps(prediction.json(self._base_url, self._settings.ttl_s), separators=(",", ":"))
        record = {"prediction": prediction.id, "event": event, "url": prediction.webhook, "at": time.time()}
        record |= {"fault": fault.kind if fault else None, "attempts": 0, "status": None}
        self.sent.append(record)
        if fault is not None and fault.kind == "drop":
            return
        task = asyncio.create_task(self._deliver(prediction.webhook, body, record, fault))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _deliver(self, url: str, body: str, record: dict[str, Any], fault: Fault | None) -> None:
        kind = fault.kind if fault else None
        if fault is not None and kind == "delay":
            await asyncio.sleep(fault.seconds)
        message = f"msg_{secrets.token_urlsafe(16)}"
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(self._settings.webhook_retry_s * 2 ** (attempt - 1))
            headers = self._headers(message, body, kind)
            for _ in range(2 if kind == "replay" else 1):
                record["attempts"] += 1
                record["status"] = await self._post(url, body, headers)
            if record["status"] is not None and 200 <= record["status"] < 300:
                return

    async def _post(self, url: str, body: str, headers: dict[str, str]) -> int | None:
        try:
            return (await self._client.post(url, content=body, headers=headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            return None

    def _headers(self, message: str, body: str, kind: str | None) -> dict[str, str]:
        now = datetime.now(UTC) - (STALE if kind == "stale" else timedelta())
        signer = standardwebhooks.Webhook(new_secret()) if kind == "forge" else self._signer
        return {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(message, now, body),
        }

    async def close(self) -> None:
        """Drop webhooks that are not sent yet."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._client.aclose()
