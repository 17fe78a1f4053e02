"""The fixture of a bot in webhook mode."""

from collections.abc import Iterator

import httpx
import pytest
from bot_stage import bot_program, stand_program
from patience import LONG_S
from webhook_stage import Door, webhook_settings

from sandbox.embedded import EmbeddedRedis
from sandbox.environment import free_port
from stand.telegram.client import TelegramStand


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    """One for a module's tests; each brings people of its own."""
    port = free_port()
    with (
        stand_program() as stand,
        TelegramStand(stand.url) as client,
        EmbeddedRedis(free_port()) as server,
        bot_program(stand.url, server.url, ready="receiving", settings=webhook_settings(port)) as bot,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=15, trust_env=False) as http,
    ):
        client.limits(enabled=False)
        door = Door(client, server.url, http, bot, server)
        yield door
        door.close()
        assert bot.terminate(LONG_S) == 0
