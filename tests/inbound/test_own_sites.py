"""The pages on 127.0.0.1 answer themselves and programs, and no other page in the same browser."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from bot_stage import stand_program
from webhook_door import door
from webhook_stage import Door

from config.settings import ROOT
from sandbox.embedded import EmbeddedRedis
from sandbox.environment import free_port, on_path, stand_environment
from sandbox.processes import Program
from stand.provider.client import ProviderStand
from stand.telegram.client import TelegramStand

__all__ = ["door"]

FOREIGN: Mapping[str, tuple[dict[str, str], int]] = {
    "a foreign name": ({"Host": "evil.example"}, 421),
    "a foreign page": ({"Origin": "http://evil.example"}, 403),
    "a sandboxed page": ({"Origin": "null"}, 403),
    "another program's page on this machine": ({"Origin": "http://127.0.0.1:1"}, 403),
    "a foreign page's picture": ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
}


@pytest.fixture(scope="module")
def telegram() -> Iterator[str]:
    with stand_program() as stand:
        yield stand.url


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    argv = [sys.executable, "-m", "stand.provider", "--fast-media"]
    with Program(argv, ready=r"on (?P<url>http\S+)", cwd=ROOT) as stand:
        yield stand.url


@pytest.fixture(scope="module")
def flower(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Flower as the demo has it: without a password."""
    folder, port = tmp_path_factory.mktemp("flower"), str(free_port())
    with EmbeddedRedis(free_port()) as server:
        stand = stand_environment(server.url, "http://127.0.0.1:1", "http://127.0.0.1:1", folder)
        settings = {"DEMO": "true", "FLOWER_PORT": port, "FLOWER_DB": f"{folder}/events"}
        env = on_path({**stand, **settings})
        line = ["celery", "-A", "tasks", "flower"]
        with Program(line, ready=r"Visit me at (?P<url>http://[\w.:]+)", env=env, cwd=ROOT) as program:
            yield program.url


def asked(method: str, url: str, headers: dict[str, str], **more: Any) -> int:
    return httpx.request(method, url, headers=headers, trust_env=False, timeout=60, **more).status_code


@pytest.mark.parametrize("who", FOREIGN)
def test_the_chat_page_and_its_calls(telegram: str, who: str) -> None:
    """Given a foreign site in the same browser, when it asks for the page, for all chats, to write as a
    person, or to have the bot's updates sent elsewhere, I expect nothing of it to be done."""
    headers, status = FOREIGN[who]
    with TelegramStand(telegram) as stand:
        ann = stand.new_user()
        token = f"7:{'k' * 35}"
        assert asked("GET", f"{telegram}/", headers) == status
        assert asked("GET", f"{telegram}/control/chats", headers) == status
        said = {"user": ann, "chat": ann, "text": "/image a forged wish"}
        assert asked("POST", f"{telegram}/control/messages", headers, json=said) == status
        hook = {"url": "http://127.0.0.1:1/"}
        assert asked("GET", f"{telegram}/bot{token}/setWebhook", headers, params=hook) == status
        assert asked("POST", f"{telegram}/bot{token}/setWebhook", headers, data=hook) == status
        assert stand.messages(ann) == []
        told = httpx.get(f"{telegram}/bot{token}/getWebhookInfo", trust_env=False).json()
        assert told["result"]["url"] == ""


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_can_send_is_no_call(telegram: str, provider: str, kind: str) -> None:
    """Given a body that a form of any site sends without asking, I expect it to be refused by its type."""
    for url in (f"{telegram}/control/faults", f"{provider}/control/faults"):
        assert asked("POST", url, {"Content-Type": kind}, content=b"{}") == 415


@pytest.mark.parametrize("who", FOREIGN)
def test_the_provider_and_its_calls(provider: str, who: str) -> None:
    headers, status = FOREIGN[who]
    with ProviderStand(provider) as stand:
        assert asked("POST", f"{provider}/control/settings", headers, json={"hold": True}) == status
        login = {**headers, "Authorization": "Bearer r8_somebody"}
        assert asked("GET", f"{provider}/v1/account", login) == status
        assert stand.settings()["hold"] is False


@pytest.mark.parametrize("who", FOREIGN)
def test_flower(flower: str, who: str) -> None:
    headers, status = FOREIGN[who]
    for path in ("/workers", "/tasks", "/static/css/flower.css", "/api/workers", "/healthcheck"):
        assert asked("GET", f"{flower}{path}", headers) == status
    assert asked("POST", f"{flower}/api/worker/shutdown/a", headers) == status
    assert asked("GET", f"{flower}/workers", {}) == 200


@pytest.mark.parametrize("who", FOREIGN)
def test_the_bots_health(door: Door, who: str) -> None:
    headers, status = FOREIGN[who]
    for path in ("/healthz", "/readyz"):
        assert door.http.get(path, headers=headers).status_code == status
        assert door.http.get(path).status_code == 200


def test_the_page_asks_as_before(telegram: str) -> None:
    """Given the headers with which a browser sends what the page itself asks, I expect the answers."""
    own = {"Origin": telegram, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert asked("POST", f"{telegram}/control/users", own, json={"first_name": "Ann"}) == 200
    assert asked("GET", f"{telegram}/", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}) == 200


def test_the_page_may_be_published_under_a_name() -> None:
    """Given --allow-host, I expect the page under that name too, and under no other."""
    argv = [sys.executable, "-m", "stand.telegram", "--port", "0", "--allow-host", "chat.example"]
    with Program(argv, ready=r"telegram stand on (?P<url>http://\S+)", cwd=ROOT) as stand:
        assert asked("GET", f"{stand.url}/control/chats", {"Host": "chat.example"}) == 200
        assert asked("GET", f"{stand.url}/control/chats", {"Host": "evil.example"}) == 421


def test_each_data_directory_has_tokens_of_its_own(tmp_path: Path) -> None:
    """Given two directories, I expect a bot's and a provider's token for each that nobody can know, the same
    ones at the next start, in files of their owner's."""

    def tokens(folder: Path) -> set[str]:
        folder.mkdir(exist_ok=True)
        found = stand_environment("redis://", "http://t", "http://p", folder)
        return {found["TELEGRAM_TOKEN"], found["REPLICATE_API_TOKEN"]}

    one, other = tokens(tmp_path / "one"), tokens(tmp_path / "other")
    assert len(one | other) == 4
    assert tokens(tmp_path / "one") == one
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "one").iterdir()} == {0o600}
