"""The moves of a job: the ledger makes those in the tables of `jobs.states`, and no other."""

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import product

import pytest
import redis

from config.settings import ROOT, Settings
from jobs.errors import IllegalMove
from jobs.model import Job, Kind, Lane, Origin, Request, Tier, new_record
from jobs.states import MOVES, RESTORED, State
from ledger import keys
from ledger.connection import connect
from ledger.jobs import Ledger
from ledger.lua_source import assembled
from ledger.scripts import Scripts

REQUEST, ORIGIN = Request(Kind.IMAGE, "sketch", "a fox"), Origin(7, 7, 1)
PAIRS = list(product(State, State))


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    return settings_for()


def in_state(client: "redis.Redis", state: State, name: str) -> Job:
    """A job that is in this state, however it came there."""
    record = new_record(REQUEST, ORIGIN) | {
        "state": state,
        "lane": Lane.IMG,
        "tier": Tier.REGULAR,
        "token": "1",
    }
    client.hset(keys.job(name), mapping=record)  # type: ignore[arg-type]
    return Job(name, REQUEST, ORIGIN, Tier.REGULAR, Lane.IMG, state, token=1)


def moved(ledger: Ledger, job: Job, to: State) -> bool:
    """Whether the ledger makes a move."""
    try:
        ledger._move(job, to)
    except IllegalMove:
        return False
    return True


def test_the_ledger_makes_the_moves_of_the_table_alone(settings: Settings) -> None:
    """Given a job in each state, when it is moved to each other one, I expect just the legal moves."""
    with connect(settings.ledger_redis()) as client:
        ledger = Ledger(client, settings)
        made = {
            (origin, to)
            for origin, to in PAIRS
            # The same move again is none: its first answer may have been lost.
            if origin is not to and moved(ledger, in_state(client, origin, f"{origin}-{to}"), to)
        }
    assert made == {(origin, to) for origin, targets in MOVES.items() for to in targets}


@pytest.mark.parametrize("file", ["", "2026/fox.png"], ids=["no file", "file"])
def test_restoring_makes_its_own_moves_alone(settings: Settings, file: str) -> None:
    """Given a job of a backup in each state, I expect it stored where its file is there, else in doubt; and
    left alone where the tables have no such move."""
    to = State.STORED if file else State.UNKNOWN
    with connect(settings.ledger_redis()) as client:
        run = Scripts(client)
        found = {}
        for origin in State:
            in_state(client, origin, f"restored-{origin}")
            found[origin] = State(run("restored", f"restored-{origin}", 0, "1", file, "image/png", 1))
    assert found == {origin: to if to in RESTORED.get(origin, ()) else origin for origin in State}


def test_a_script_that_makes_no_legal_move_changes_nothing(settings: Settings) -> None:
    """Given a move that no table has, I expect the script's error, and the job as it was."""
    with connect(settings.ledger_redis()) as client:
        in_state(client, State.DELIVERED, "done")
        before = client.hgetall(keys.job("done"))
        with pytest.raises(redis.ResponseError, match="may not go from delivered to queued"):
            client.eval(assembled("enter('done', 'delivered', 'queued', now_ms())"), 0)
        assert client.hgetall(keys.job("done")) == before


def test_a_job_that_is_published_leaves_the_state_accepted_alone(settings: Settings) -> None:
    """Given a job that shares another one's result, when its message is put on the broker all the same, I
    expect it to go on sharing, though it may be queued later."""
    with connect(settings.ledger_redis()) as client:
        ledger = Ledger(client, settings)
        for origin in (State.ACCEPTED, State.SHARING):
            in_state(client, origin, f"published-{origin}")
            ledger.published(f"published-{origin}")
        states = [
            client.hget(keys.job(f"published-{origin}"), "state")
            for origin in (State.ACCEPTED, State.SHARING)
        ]
    assert states == [State.QUEUED, State.SHARING]


def test_every_process_has_the_same_scripts() -> None:
    """Given processes that iterate over sets in other orders, I expect one text of each script: Redis keeps
    every text that it was ever given."""
    ask = "from ledger.lua_source import sources; print(sorted(sources().items()))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", ask],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1
