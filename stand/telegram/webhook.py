"""Delivers a bot's updates by HTTP, as Telegram does: in order in a chat, concurrently between chats."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import h11

from stand.telegram.courier import Courier

Json = dict[str, Any]

FIRST_RETRY = 1.0
LAST_RETRY = 60.0


def _lane(update: Json) -> int:
    for kind in ("message", "edited_message", "callback_query", "my_chat_member"):
        content = update.get(kind)
        if content:
            chat = content.get("chat") or content.get("message", {}).get("chat") or content.get("from", {})
            return int(chat.get("id", 0))
    return 0


class Webhook:
    """One bot's webhook.

    After a response other than 2xx an update is retried after 1, 2, 4 ... 60 s; only its chat waits
    meanwhile.
    """

    def __init__(
        self, url: str, secret: str, connections: int, answer: Callable[[Json], Awaitable[None]]
    ) -> None:
        self.url = url
        self.delivered = 0
        self._connections = connections
        self._answer = answer
        headers = {"Content-Type": "application/json"}
        if secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        self._courier = Courier(url, headers)
        self._slots = asyncio.Semaphore(connections)
        self._lanes: dict[int, deque[Json]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._last_error: tuple[int, str] | None = None

    def put(self, update: Json) -> None:
        """Queue an update after those of its chat."""
        lane = _lane(update)
        queue = self._lanes.get(lane)
        if queue is not None:
            queue.append(update)
            return
        self._lanes[lane] = deque([update])
        worker = asyncio.get_running_loop().create_task(self._work(lane))
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def _work(self, lane: int) -> None:
        queue = self._lanes[lane]
        delay = FIRST_RETRY
        while queue:
            async with self._slots:
                delivered = await self._send(queue[0])
            if delivered:
                queue.popleft()
                self.delivered += 1
                delay = FIRST_RETRY
            else:
                await asyncio.sleep(delay)
                delay = min(LAST_RETRY, delay * 2)
        del self._lanes[lane]

    async def _send(self, update: Json) -> bool:
        body = json.dumps(update, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            answer = await self._courier.post(body)
        except TimeoutError:
            return self._failed("Read timeout expired")
        except ConnectionRefusedError:
            return self._failed("Connection refused")
        except (OSError, h11.ProtocolError):
            return self._failed("Connection reset by peer")
        if not 200 <= answer.status < 300:
            return self._failed(f"Wrong response from the webhook: {answer.status} {answer.reason}")
        if answer.content and answer.content_type.startswith("application/json"):
            await self._call_back(answer.content)
        return True

    async def _call_back(self, content: bytes) -> None:
        try:
            body = json.loads(content)
        except ValueError:
            return
        if isinstance(body, dict) and body.get("method"):
            await self._answer(body)

    def _failed(self, words: str) -> bool:
        self._last_error = (int(time.time()), words)
        return False

    @property
    def pending(self) -> int:
        """The number of updates that are not delivered yet."""
        return sum(map(len, self._lanes.values()))

    def info(self) -> Json:
        """Return the webhook's part of WebhookInfo."""
        info: Json = {
            "url": self.url,
            "pending_update_count": self.pending,
            "max_connections": self._connections,
        }
        info["ip_address"] = "127.0.0.1"
        if self._last_error:
            info["last_error_date"], info["last_error_message"] = self._last_error
        return info

    async def stop(self) -> list[Json]:
        """Stop all deliveries; return the undelivered updates, in order."""
        for worker in list(self._workers):
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._courier.close()
        left = [update for queue in self._lanes.values() for update in queue]
        self._lanes.clear()
        return sorted(left, key=lambda update: int(update["update_id"]))
