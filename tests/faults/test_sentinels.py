"""The master dies: the sentinels put a replica in its place, and nothing that counted is lost."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from acceptance.person import Message, Person, eventually, text_of
from watched import PASSWORD, PASSWORD_IN_URL, SENTINEL_PASSWORD, watched

from jobs.states import State
from sandbox.environment import free_port
from sandbox.stack import Stack, procfile

from .house import AWAY, answers_to
from .invariants import accounted, assert_invariants
from .stage import staged

pytestmark = pytest.mark.faults

ROUNDS = 24
KILLED_IN = 6
PAUSE_S = 0.25
OPERATOR = ("operator", "the-safelight-is-on")
PROCESSES = ("bot", "worker-image", "worker-video", "deliver")


def test_17_the_master_is_killed_under_load(tmp_path: Path) -> None:
    """Given a master with two replicas and three sentinels, and people who write without a pause, when the
    master gets SIGKILL, I expect a replica in its place, one result for every request that was taken, the
    honest answer to every other, every process alive, and no password in any log."""
    with watched(tmp_path) as redises, _staged(redises.settings, tmp_path) as stack:
        first = redises.master()
        people = [Person(stack, f"Ann {number}") for number in range(6)]
        said: list[tuple[Person, Message]] = []
        with accounted(stack.settings.ledger_redis()):
            for round_ in range(ROUNDS):
                if round_ == KILLED_IN:
                    _all_answered(said)
                    redises.nodes[first].kill()
                said += [
                    (ann, stack.telegram.send(ann.id, f"/image rain on a dam, {round_}, {number}"))
                    for number, ann in enumerate(people)
                ]
                time.sleep(PAUSE_S)
            second = eventually(lambda: port if (port := redises.master()) not in (0, first) else 0, 30)
            assert second in redises.nodes
            eventually(lambda: redises.is_followed(second), 60)
            late = people[0].make("/image the first picture after the storm")
            assert late["media"]
            _all_answered(said)
            jobs = assert_invariants(stack, [ann.id for ann in people], within_s=60)

        taken = {(job.origin.chat, job.origin.reply_to) for job in jobs}
        for ann, each in said:
            if (ann.id, each["message_id"]) not in taken:
                assert [text_of(answer) for answer in answers_to(ann, each)] == [AWAY]
        early = {(ann.id, each["message_id"]) for ann, each in said[: KILLED_IN * len(people)]}
        assert early <= taken, "what was taken before the kill is in the new master's ledger"
        assert sum(job.state is State.DELIVERED for job in jobs) > len(jobs) * 0.9
        assert [name for name, program in stack.programs.items() if not program.alive] == []
        lanes = httpx.get(
            f"{stack.programs['flower'].url}/api/queues/length", auth=OPERATOR, trust_env=False, timeout=20
        ).json()
        assert {"img", "vid", "deliver"} <= {lane["name"] for lane in lanes["active_queues"]}
        logs = [program.log_text for program in stack.programs.values()]
        for secret in (PASSWORD, PASSWORD_IN_URL, SENTINEL_PASSWORD):
            assert not any(secret in log for log in logs)


@contextmanager
def _staged(settings: dict[str, str], folder: Path) -> Iterator[Stack]:
    flower = {
        "FLOWER_PORT": str(free_port()),
        "FLOWER_BASIC_AUTH": ":".join(OPERATOR),
        "FLOWER_DB": str(folder / "flower"),
    }
    with staged(PROCESSES, settings | flower, ("--latency", "image=1")) as stack:
        stack.add("flower", procfile()["flower"]).start()
        yield stack


def _all_answered(said: list[tuple[Person, Message]]) -> None:
    eventually(lambda: all(answers_to(ann, each) for ann, each in said), 60)
