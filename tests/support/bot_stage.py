"""A running bot between the Telegram stand and a real Redis, for its tests. No worker: jobs wait."""

import asyncio
import io
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import redis
from patience import LONG_S, eventually, promised
from PIL import Image
from spool_stage import opened

from chat import status
from chat.texts import texts
from config.catalogue import load_catalogue
from config.settings import Settings
from jobs.model import Artifact, Job, Lane
from ledger import keys
from ledger.connection import connect
from ledger.jobs import Ledger, Stage
from ledger.users import Preferences, Users
from sandbox.processes import Program
from stand.telegram.client import TelegramStand

__all__ = ["eventually"]

ROOT = Path(__file__).parents[2]
TOKEN = "7001001:" + "B" * 35
BOT_ID = 7001001
CATALOGUE = load_catalogue(Settings())

Message = dict[str, Any]


def stand_program(port: int = 0) -> Program:
    """A Telegram stand, not started."""
    argv = [sys.executable, "-m", "stand.telegram", "--port", str(port)]
    return Program(argv, ready=r"telegram stand on (?P<url>http://\S+)", cwd=ROOT)


def bot_program(
    stand_url: str,
    redis_url: str,
    *,
    ready: str | None = "polling",
    token: str = TOKEN,
    settings: Mapping[str, str] | None = None,
) -> Program:
    """A bot, not started; its budget for calls is wide, so that tests need not wait for it.

    `settings` are laid over those of the stage.
    """
    env = {
        "TELEGRAM_TOKEN": token,
        "TELEGRAM_API_URL": stand_url,
        "REDIS_URL": redis_url,
        "TELEGRAM_RATE_PER_S": "1000",
        "TELEGRAM_CHAT_RATE_PER_S": "1000",
        "TELEGRAM_GROUP_RATE_PER_MIN": "60000",
        "LOG_FORMAT": "json",
        "USER_RATE_LIMIT": "1000/s",
        "REFUSED_RATE_LIMIT": "1000/s",
        "ACTIVE_JOBS": "1000",
        "LANE_BACKLOG": "1000",
        **(settings or {}),
    }
    return Program([sys.executable, "-m", "bot"], ready=ready, env=env, cwd=ROOT)


def worker_program(stand_url: str, redis_url: str, folder: Path, settings: Mapping[str, str]) -> Program:
    """A worker of the delivery lane, not started; it keeps media in `folder`."""
    env = {
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": stand_url,
        "REDIS_URL": redis_url,
        "TELEGRAM_RATE_PER_S": "1000",
        "MEDIA_URL": str(folder),
        "LOG_FORMAT": "json",
        **settings,
    }
    argv = ["-m", "celery", "-A", "tasks", "worker", "-Q", "deliver", "--without-gossip", "--without-mingle"]
    return Program([sys.executable, *argv], ready=r"ready\.", env=env, cwd=ROOT)


def picture() -> bytes:
    """A PNG."""
    file = io.BytesIO()
    Image.new("RGB", (320, 240), "orange").save(file, "PNG")
    return file.getvalue()


def assert_ends_in_time(bot: Program) -> None:
    """Send SIGTERM: the bot ends in order, and within five seconds."""
    began = time.monotonic()
    assert bot.terminate(LONG_S) == 0
    assert time.monotonic() - began < promised(5)


class Scene:
    """What a test sees: the chats (`stand`), the ledger, the broker."""

    def __init__(self, stand: TelegramStand, redis_url: str) -> None:
        self.stand = stand
        self.redis: redis.Redis = connect(redis_url)
        self._settings = Settings(redis_url=redis_url)
        self.ledger = Ledger(self.redis, self._settings)
        self.users = Users(self.redis, self.ledger)

    def choices(self, user: int) -> dict[str, str]:
        """What the user has chosen in /settings."""

        async def read() -> dict[str, str]:
            async with opened(self._settings.ledger_redis()) as pipeline:
                return await Preferences(pipeline).of(user)

        return asyncio.run(read())

    def choose(self, user: int, name: str, value: str) -> None:
        """Have the user choose in /settings."""

        async def write() -> None:
            async with opened(self._settings.ledger_redis()) as pipeline:
                await Preferences(pipeline).choose(user, name, value)

        asyncio.run(write())

    def forget_requests(self) -> None:
        """Have the same words make a job of their own again, whatever earlier tests left unfinished."""
        for key in self.redis.scan_iter(keys.inflight("*")):
            self.redis.delete(key)

    def close(self) -> None:
        """Close the connections."""
        self.redis.close()

    def ask(self, user: int, text: str, chat: int | None = None, reply_to: int | None = None) -> Message:
        """The user writes; returns the bot's answer to that very message."""
        said = self.stand.send(user, text, chat, reply_to)
        return self.answer(chat or user, said["message_id"])

    def answer(self, chat: int, message_id: int) -> Message:
        """The bot's reply to a message."""
        return self.stand.wait_message(
            chat,
            lambda each: (
                each["from"]["is_bot"]
                and (each.get("reply_to_message") or {}).get("message_id") == message_id
            ),
        )

    def press(self, user: int, message: Message, button: str, chat: int | None = None) -> Message:
        """The user presses a button; returns the answer to the press."""
        press_id = self.stand.press(user, message["message_id"], button, chat)
        return self.stand.press_answer(press_id)

    def job(self, user: int, text: str = "/image a red fox", chat: int | None = None) -> Job:
        """A job that the user asked for, shown in the chat and on the broker."""
        return self.job_of(self.ask(user, text, chat), chat or user)

    def job_of(self, message: Message, chat: int) -> Job:
        """The job that lives in the message, once it is queued and knows its message."""
        found: list[Job] = []

        def queued() -> bool:
            job = self.ledger.by_message(chat, message["message_id"])
            found[:] = [job] if job is not None and job.message and job.state != "accepted" else []
            return bool(found)

        eventually(queued)
        return found[0]

    def jobs(self, user: int) -> list[Job]:
        """All jobs of the user, newest first."""
        return self.users.history(user, 50)

    def on_broker(self, job_id: str, lane: Lane) -> int:
        """Messages for the job that wait in the lane, over its priorities."""
        keys = [key for key in self.redis.scan_iter(f"{lane}*") if self.redis.type(key) == "list"]
        return sum(job_id in item for key in keys for item in self.redis.lrange(key, 0, -1))

    def finish(self, job: Job, file_id: str = "") -> Job:
        """Do what worker and delivery do: the job's message becomes the result.

        With a `file_id` the chat is left alone, as if the result had been sent as a message of its own.
        """
        made = self.ledger.claim(job.id, "a worker", Stage.GENERATE)
        assert made is not None
        made = self.ledger.running(self.ledger.submitting(made), f"of {job.id}")
        made, _ = self.ledger.stored(self.ledger.storing(made), Artifact("a/b.png", "image/png", 1000))
        given = self.ledger.claim(job.id, "a worker", Stage.DELIVER)
        assert given is not None
        t = texts(job.origin.language)
        view = status.result(made, CATALOGUE.models[job.request.model], CATALOGUE.animator(), t)
        return self.ledger.delivered(given, file_id or self._show(made, view))

    def _show(self, job: Job, view: status.View) -> str:
        assert view.keyboard is not None
        media = json.dumps({"type": "photo", "media": "attach://file", "caption": view.text})
        answer = self.bot_call(
            "editMessageMedia",
            {
                "chat_id": str(job.origin.chat),
                "message_id": str(job.message),
                "media": media,
                "reply_markup": view.keyboard.to_json(),
            },
            {"file": ("fox.png", picture(), "image/png")},
        )
        return str(answer["photo"][-1]["file_id"])

    def with_button(self, chat: int, data: str) -> Message:
        """A message with a button "x" that carries any data, as a changed client could press it."""
        keyboard = json.dumps({"inline_keyboard": [[{"text": "x", "callback_data": data}]]})
        fields = {"chat_id": str(chat), "text": "x", "reply_markup": keyboard}
        message: Message = self.bot_call("sendMessage", fields)
        return message

    def bot_call(self, method: str, fields: dict[str, str], files: Any = None) -> Any:
        """Call the Bot API as another process of the bot would."""
        url = f"{self.stand.base_url}/bot{TOKEN}/{method}"
        answer = httpx.post(url, data=fields, files=files, trust_env=False).json()
        assert answer["ok"], answer
        return answer["result"]
