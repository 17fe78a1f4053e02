"""The exporter misses Prometheus and Alertmanager: the chat is told once, by one exporter, for sure."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest
import redis

from config.settings import Settings
from jobs.errors import PassingError
from ledger import keys
from ledger.connection import connect
from monitoring.deadman import Deadman
from sandbox.processes import Program
from stand.telegram.client import TelegramStand

DOWN, BACK = "🔴 Prometheus or Alertmanager is down", "🟢 Resolved: Prometheus and Alertmanager"


@pytest.fixture(scope="module")
def server() -> Iterator[Program]:
    argv = [sys.executable, "-m", "stand.telegram", "--port", "0"]
    with Program(argv, ready=r"telegram stand on (?P<url>http://\S+)") as program:
        yield program


@pytest.fixture
def stand(server: Program) -> Iterator[TelegramStand]:
    with TelegramStand(server.url) as client:
        client.clear_faults()
        client.limits(enabled=False)
        yield client


@pytest.fixture
def settings(stand: TelegramStand, settings_for: Callable[..., Settings]) -> Settings:
    return settings_for(telegram_api_url=stand.base_url, watchdog_s=300.0)


@pytest.fixture
def client(settings: Settings) -> Iterator["redis.Redis"]:
    with closing(connect(settings.redis_url)) as made:
        yield made


@pytest.fixture
def chat(stand: TelegramStand, settings: Settings) -> int:
    """An admin who has started the bot, which the stand knows from its first call on."""
    httpx.get(f"{stand.base_url}/bot{settings.telegram_token}/getMe", trust_env=False).raise_for_status()
    admin = stand.new_user("Olga")
    stand.send(admin, "/start")
    return admin


def told(stand: TelegramStand, chat: int) -> list[str]:
    """How each message to the admin begins."""
    texts = [each.get("text", "") for each in stand.messages(chat) if each["from"]["is_bot"]]
    return [next(words for words in (DOWN, BACK) if text.startswith(words)) for text in texts]


class Clock:
    """What a machine measures time with, in seconds since it was started; only a test moves it on."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_a_silence_is_told_once_by_one_exporter_and_so_is_its_end(
    stand: TelegramStand, settings: Settings, client: "redis.Redis", chat: int
) -> None:
    """Given two exporters that hear nothing, one message says so; what one hears is over for both."""
    clock = Clock()
    one, other = (Deadman(settings, client, chat, clock) for _ in range(2))
    clock.now += 299
    one.round()
    assert told(stand, chat) == []
    clock.now += 2
    for deadman in (one, other, one):
        deadman.round()
    assert told(stand, chat) == [DOWN]
    other.heard()
    one.round()
    other.round()
    assert told(stand, chat) == [DOWN, BACK]


def pass_by(seconds: float, client: "redis.Redis", *clocks: Clock) -> None:
    """So much time passes for the exporters, and since one of them heard of Alertmanager."""
    for each in clocks:
        each.now += seconds
    if heard := client.get(keys.watchdog()):
        client.set(keys.watchdog(), str(float(str(heard)) - seconds))


@pytest.mark.parametrize("ahead", [-600.0, 600.0])
def test_exporters_whose_clocks_differ_agree_on_a_silence(
    stand: TelegramStand,
    settings: Settings,
    client: "redis.Redis",
    chat: int,
    ahead: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Given an exporter on a machine whose date is ten minutes off, and one on another machine, I expect what
    the first has heard to hold for both, and the second to say in time that nothing is heard any more."""
    true = time.time
    hears, tells = Clock(), Clock(50.0)
    with monkeypatch.context() as there:
        there.setattr(time, "time", lambda: true() + ahead)
        one = Deadman(settings, client, chat, hears)
    other = Deadman(settings, client, chat, tells)
    pass_by(280, client, hears, tells)
    with monkeypatch.context() as there:
        there.setattr(time, "time", lambda: true() + ahead)
        one.heard()
    pass_by(280, client, hears, tells)
    other.round()
    assert told(stand, chat) == []
    pass_by(21, client, hears, tells)
    other.round()
    assert told(stand, chat) == [DOWN]


def test_what_could_not_be_told_is_told_later(
    stand: TelegramStand, settings: Settings, client: "redis.Redis", chat: int
) -> None:
    """Given a Telegram in trouble at that moment, the message comes with a later round."""
    clock = Clock()
    deadman = Deadman(settings, client, chat, clock)
    clock.now += 301
    stand.fault("500", method="sendMessage")
    with pytest.raises(PassingError):
        deadman.round()
    deadman.round()
    assert told(stand, chat) == [DOWN]


def test_without_redis_it_is_told_all_the_same(stand: TelegramStand, settings: Settings, chat: int) -> None:
    """Given a Redis that is away too, an exporter goes by what it has heard itself."""
    clock = Clock()
    with closing(connect("redis://127.0.0.1:1/0")) as nowhere:
        deadman = Deadman(settings, nowhere, chat, clock)
        clock.now += 301
        deadman.round()
        deadman.round()
        assert told(stand, chat) == [DOWN]
        deadman.heard()
        deadman.round()
        assert told(stand, chat) == [DOWN, BACK]
