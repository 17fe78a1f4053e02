"""A worker with more slots than anybody needs: each of them can ask the ledger at the same moment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from tasks_stage import Stage, stage

from jobs.model import Lane
from tasks.app import app
from tasks.process import Process

SLOTS = 600
STALL_MS = 1500
"""Long enough for all slots to ask before the first is answered."""


@pytest.fixture
def scene(redis_server: str, tmp_path: Path) -> Iterator[Stage]:
    with stage(redis_server, tmp_path) as made:
        yield made


def test_all_slots_ask_a_slow_redis_at_once(scene: Stage) -> None:
    """Given a Redis that stalls while every slot has a question, I expect an answer to each, as a failed one
    would cost its job the lease."""
    job = scene.job("a fox for everybody")
    with (
        closing(Process(scene.settings, app, list(Lane), SLOTS)) as process,
        ThreadPoolExecutor(SLOTS) as slots,
    ):
        scene.redis.client_pause(STALL_MS)
        found = list(slots.map(process.records.ledger.get, [job.id] * SLOTS))
    assert all(each is not None and each.id == job.id for each in found)
