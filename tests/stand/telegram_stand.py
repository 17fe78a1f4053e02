"""Fixtures of the stand's own tests: a running stand, its bots, and a user."""

import itertools
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from telegram import Bot
from telegram_stand_tools import Api, CheckedRequest

from sandbox.processes import Program
from stand.telegram.client import TelegramStand

_TOKENS = itertools.count(700_001)


@pytest.fixture(scope="session")
def stand_url() -> Iterator[str]:
    """A stand in a process of its own, without flood control."""
    argv = [sys.executable, "-m", "stand.telegram", "--port", "0"]
    root = Path(__file__).parents[2]
    with Program(argv, ready=r"telegram stand on (?P<url>http://\S+)", cwd=root) as program:
        with TelegramStand(program.url) as client:
            client.limits(enabled=False)
        yield program.url


@pytest.fixture
def fresh_url() -> Iterator[str]:
    """A stand for one test alone."""
    argv = [sys.executable, "-m", "stand.telegram", "--port", "0"]
    root = Path(__file__).parents[2]
    with Program(argv, ready=r"telegram stand on (?P<url>http://\S+)", cwd=root) as program:
        yield program.url


@pytest.fixture
def stand(stand_url: str) -> Iterator[TelegramStand]:
    """The control side."""
    with TelegramStand(stand_url) as client:
        yield client
        client.clear_faults()
        client.limits(enabled=False, per_chat_per_s=1, burst=5, group_per_min=20, global_per_s=30)


@pytest.fixture(scope="session")
def token(stand_url: str) -> str:
    """The token of the stand's first bot: the one that hears the users."""
    first = "700000:" + "A" * 35
    Api(stand_url, first).ok("getMe")
    return first


@pytest.fixture
def api(stand_url: str, token: str) -> Iterator[Api]:
    """The first bot, with an empty queue of updates."""
    client = Api(stand_url, token)
    client.ok("deleteWebhook", drop_pending_updates=True)
    client.ok("getUpdates", allowed_updates=[])
    yield client
    client.http.close()


@pytest.fixture
def other(stand_url: str) -> Iterator[Api]:
    """Another bot."""
    client = Api(stand_url, f"{next(_TOKENS)}:" + "B" * 35)
    yield client
    client.http.close()


@pytest_asyncio.fixture
async def bot(stand_url: str, token: str) -> AsyncIterator[Bot]:
    """The first bot through python-telegram-bot."""
    client = Bot(
        token,
        base_url=f"{stand_url}/bot",
        base_file_url=f"{stand_url}/file/bot",
        request=CheckedRequest(connection_pool_size=8, httpx_kwargs={"verify": False}),
        get_updates_request=CheckedRequest(httpx_kwargs={"verify": False}),
    )
    async with client:
        yield client


@pytest.fixture
def ann(stand: TelegramStand) -> int:
    """A user."""
    return stand.new_user("Ann")
