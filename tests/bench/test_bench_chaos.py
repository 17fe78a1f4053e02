"""The chaos run in its short form: it works, and its checker sees what it is there for. Times prove nothing
here."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench import chaos
from bench.chaos.moments import MOMENTS
from bench.chaos.replay import Kill, Replay
from bench.chaos.run import Plan
from bench.chaos.witness import Step, steps
from ledger import keys

pytestmark = pytest.mark.long

SHORT = Plan(
    jobs=80,
    kills=1,
    per_s=8.0,
    image_s=0.6,
    sigma=0.3,
    lease_s=1.5,
    heartbeat_s=0.4,
    sweep_s=0.2,
    grace_s=1.0,
    patience_s=45.0,
)
KEYS = (
    *("jobs", "kills", "delivered", "failed", "cancelled", "lost", "double_paid", "duplicate_messages"),
    *("wrong_recipient", "unaccounted"),
)


@pytest.mark.parametrize(
    ("webhooks", "replica"),
    [(False, False), (True, False), (False, True)],
    ids=["polling", "webhooks", "replica"],
)
def test_a_short_run(
    webhooks: bool,
    replica: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Given 80 jobs, one SIGKILL of a worker, and one over each kind of call to Telegram, I expect the
    invariants to hold, and the figures."""
    monkeypatch.setattr(chaos, "plan_of", lambda _: replace(SHORT, webhooks=webhooks, replica=replica))
    path = tmp_path / "chaos.json"
    chaos.main(SimpleNamespace(json=path, peer=None))  # type: ignore[arg-type]
    figures: dict[str, Any] = json.loads(path.read_text())
    assert {key: figures[key] for key in KEYS} == {
        **dict.fromkeys(KEYS, 0),
        "jobs": SHORT.jobs,
        "kills": 1,
        **{key: figures[key] for key in ("delivered", "failed", "cancelled")},
    }
    assert figures["delivered"] + figures["failed"] + figures["cancelled"] == SHORT.jobs
    assert {f"{moment.method} of {moment.whom} cut" for moment in MOMENTS} <= figures["nemesis"].keys()
    assert figures["recovery_s"].keys() >= {"p50", "p99"}
    assert "BREACH" not in capsys.readouterr().out


def written(at: float, script: str, args: tuple[str, ...], *writes: tuple[str, ...]) -> Step:
    """A step of Redis that wrote these fields of job `j`."""
    return Step(at, script, ("j", *args), [(command, keys.job("j"), *rest) for command, *rest in writes])


ADMITTED = written(1.0, "admit", (), ("HSET", "state", "accepted"))
FIRST = written(
    2.0,
    "claim",
    ("vm:7:a",),
    ("HSET", "state", "claimed"),
    ("HSET", "owner", "vm:7:a"),
    ("HINCRBY", "token", "1"),
)
SECOND = written(9.5, "claim", ("vm:8:b",), ("HSET", "owner", "vm:8:b"), ("HINCRBY", "token", "1"))


def test_a_write_without_the_lease_is_seen() -> None:
    """Given a job that a second worker has claimed, when the first one writes with its old token, I expect
    that to be named, and the write of the holder not."""
    stale = written(10.0, "note", ("1",), ("HSET", "progress", "50"))
    rightful = written(10.1, "note", ("2",), ("HSET", "progress", "60"))
    life = Replay([ADMITTED, FIRST, SECOND, stale, rightful], []).lives["j"]
    assert life.wrongs == ["note with token 1, which was 2 by then"]


def test_a_state_that_goes_back_is_seen() -> None:
    """Given a job that was claimed, when it becomes queued, I expect that to be named."""
    back = written(3.0, "move", ("",), ("HSET", "state", "queued", "at:queued", "3"))
    assert Replay([ADMITTED, FIRST, back], []).lives["j"].wrongs == ["from claimed back to queued"]


def test_recovery_is_from_the_kill_to_the_next_claim() -> None:
    """Given a worker that held a job and was killed at 4, I expect the seconds until another claimed it."""
    (found,) = Replay([ADMITTED, FIRST, SECOND], [Kill("image-1", 4.0, 7)]).recovery
    assert (found.job, found.seconds) == ("j", 5.5)


def test_after_a_restart_of_redis_nothing_is_guessed() -> None:
    """Given that the witness may have missed something, I expect a token that it has not seen to be taken
    over, and from then on to be held to."""
    unseen = written(5.0, "note", ("4",), ("HSET", "progress", "50"))
    older = written(6.0, "note", ("3",), ("HSET", "progress", "60"))
    life = Replay([ADMITTED, FIRST, None, unseen, older], []).lives["j"]
    assert life.wrongs == ["note with token 3, which was 4 by then"]


def test_the_stream_is_read_script_by_script(tmp_path: Path) -> None:
    """Given a stream with a script, what it wrote, a plain write and a restart, I expect just these steps."""
    stream = tmp_path / "monitor"
    stream.write_bytes(
        b"+OK\r\n"
        b'+1.5 [0 127.0.0.1:9] "EVALSHA" "abc" "0" "j" "2" "running"\r\n'
        b'+1.5 [0 lua] "HMGET" "darkroom:job:j" "state"\r\n'
        b'+1.5 [0 lua] "HSET" "darkroom:job:j" "state" "running"\r\n'
        b'+1.6 [0 127.0.0.1:9] "GET" "other"\r\n'
        b'+1.7 [0 127.0.0.1:9] "HSETNX" "darkroom:job:j" "once:status" "1"\r\n'
        b"\r\n(gap)\r\n"
    )
    assert list(steps(stream, {"abc": "move"})) == [
        Step(1.5, "move", ("j", "2", "running"), [("HSET", "darkroom:job:j", "state", "running")]),
        Step(1.7, "", ("j",), [("HSETNX", "darkroom:job:j", "once:status", "1")]),
        None,
    ]
