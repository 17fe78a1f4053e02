"""What all tests share: a real Redis, and settings that point at the stand."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from config.settings import Settings
from sandbox.redis import command


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """URL of a Redis of this test run, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(command(port), stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    client = redis.Redis.from_url(url)
    deadline = time.monotonic() + 10
    while True:
        try:
            client.ping()
            break
        except redis.ConnectionError:
            assert time.monotonic() < deadline, "the test Redis did not start within 10 s"
            assert server.poll() is None, "the test Redis ended at once"
            time.sleep(0.02)
    client.close()
    yield url
    server.terminate()
    server.wait(10)


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """URL of an empty Redis."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


@pytest.fixture
def settings_for(redis_url: str) -> Callable[..., Settings]:
    """Make settings with this test's Redis: `settings_for(lease_s=1.0)`."""

    def make(**overrides: Any) -> Settings:
        return Settings(**{"redis_url": redis_url, "telegram_token": "1:" + "T" * 35, **overrides})

    return make
