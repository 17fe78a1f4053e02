"""Where Telegram brings updates: to a webhook that is set and checked, or, in polling mode, to none."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from bot_stage import TOKEN, bot_program, stand_program
from patience import LONG_S
from telegram import Bot
from webhook_stage import webhook_settings

from bot.application import UPDATE_TYPES
from bot.inbound.registration import NotRegistered, register
from config.settings import Settings
from sandbox.environment import free_port


@pytest.fixture
def stand_url() -> Iterator[str]:
    with stand_program() as stand:
        yield stand.url


def info(stand_url: str) -> dict[str, Any]:
    answer = httpx.get(f"{stand_url}/bot{TOKEN}/getWebhookInfo", trust_env=False).json()
    return dict(answer["result"])


def test_the_webhook_is_set_at_the_start_and_removed_by_a_bot_that_polls(
    stand_url: str, redis_url: str
) -> None:
    """Given a bot in webhook mode that ended, and then one that polls, I expect Telegram to keep the webhook
    over the first's end (other replicas may want it), and to have none once the second polls."""
    port = free_port()
    with bot_program(stand_url, redis_url, ready="receiving", settings=webhook_settings(port)) as bot:
        assert info(stand_url)["url"] == f"http://127.0.0.1:{port}/telegram"
        assert bot.terminate(LONG_S) == 0
    assert info(stand_url)["url"] == f"http://127.0.0.1:{port}/telegram"
    with bot_program(stand_url, redis_url, ready='"polling"'):
        assert info(stand_url)["url"] == ""


async def test_a_webhook_that_another_process_changes_is_noticed() -> None:
    """Given a Telegram that names another URL, or other updates, once ours was set, I expect that to be
    said."""
    settings = Settings(webhook_url="https://bot.example", webhook_secret="s", bot_mode="webhook")
    url, most, types = "https://bot.example/telegram", settings.webhook_max_connections, list(UPDATE_TYPES)

    class Telegram:
        def __init__(self, *found: Any) -> None:
            self.found = SimpleNamespace(
                **dict(zip(("url", "max_connections", "allowed_updates"), found, strict=True))
            )

        async def set_webhook(self, *_: Any, **__: Any) -> bool:
            return True

        async def get_webhook_info(self) -> Any:
            return self.found

    await register(cast(Bot, Telegram(url, most, types)), settings)
    for wrong in (("https://other.example/telegram", most, types), (url, 1, types), (url, most, types[:1])):
        with pytest.raises(NotRegistered):
            await register(cast(Bot, Telegram(*wrong)), settings)
