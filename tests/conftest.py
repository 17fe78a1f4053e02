"""What all tests share: a Redis for each module, settings for it, and an environment without our settings."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import fields
from typing import Any

import hypothesis
import pytest
import redis
from parallel import (
    pytest_collection_modifyitems,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
)

from config.settings import Settings
from jobs.limits import Rate
from jobs.model import Tier
from sandbox.admission import BlockingAdmission
from sandbox.embedded import EmbeddedRedis
from sandbox.environment import free_port
from serving.listening import allow_files

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_xdist_auto_num_workers",
    "pytest_xdist_make_scheduler",
]

# A busy machine makes a drawing of examples slow, and nothing of ours.
hypothesis.settings.register_profile(
    "darkroom", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("darkroom")


def _forget_settings() -> None:
    """Take away what this machine sets for Darkroom: variables, `.env`, a Redis that runs here."""
    os.environ["ENV_FILE"] = os.devnull
    for spec in fields(Settings):
        name = spec.name.upper()
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)


_forget_settings()
# Tests of crowds hold more connections than a process may have open on some machines.
allow_files()


@pytest.fixture(scope="module")
def redis_server() -> Iterator[str]:
    """URL of a Redis that only this module's tests use."""
    with EmbeddedRedis(free_port()) as server:
        yield server.url


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


@pytest.fixture
def admission_for() -> Iterator[Callable[..., BlockingAdmission]]:
    """Open the bot's admission until the test ends: `admission_for(settings, rates)`."""
    with ExitStack() as opened:

        def make(settings: Settings, rates: Mapping[Tier, Rate] | None = None) -> BlockingAdmission:
            return opened.enter_context(BlockingAdmission(settings, rates))

        yield make
