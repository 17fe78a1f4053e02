"""The houses that faults happen in. Each test finds all of it in order, and may leave it in ruins."""

from collections.abc import Iterator

import pytest

from sandbox.environment import free_port

from .house import LINES, House, built
from .invariants import accounted


@pytest.fixture(scope="package")
def polling_house() -> Iterator[House]:
    """Two workers for pictures, one for deliveries, and a bot that polls."""
    with built(settings={"PROVIDER_TIMEOUT_S": "3"}) as house:
        yield house


@pytest.fixture
def house(polling_house: House) -> Iterator[House]:
    """The house in order; `jobs_unaccounted` is watched until the test's end."""
    polling_house.heal()
    with accounted(polling_house.stack.settings.redis_url):
        yield polling_house


@pytest.fixture(scope="package")
def webhook_house() -> Iterator[House]:
    """A bot to which Telegram posts, one worker for pictures and one for deliveries."""
    port = free_port()
    settings = {
        "BOT_MODE": "webhook",
        "WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "WEBHOOK_SECRET": "the_secret-of-this-webhook",
        "WEBHOOK_BIND": f"127.0.0.1:{port}",
    }
    with built({name: LINES[name] for name in ("bot", "first", "deliver")}, settings) as house:
        yield house


@pytest.fixture
def posted(webhook_house: House) -> Iterator[House]:
    """The house with webhooks in order; `jobs_unaccounted` is watched until the test's end."""
    webhook_house.heal()
    with accounted(webhook_house.stack.settings.redis_url):
        yield webhook_house
