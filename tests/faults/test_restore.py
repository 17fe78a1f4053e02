"""The restore drill: the ledger is lost, and a backup from before the loss takes its place.

What was submitted, paid and delivered after the backup is not in it. Nothing of that may be paid again, and
nobody may be told twice.
"""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from acceptance.person import Message, Person, eventually, text_of

from jobs.failures import Failure
from jobs.model import Job
from jobs.states import ENDED, State
from ledger import keys
from ledger.connection import connect
from ledger.queues.durable_queue import UPDATES
from sandbox.stack import Stack

from .house import House, answers_to
from .invariants import assert_invariants, unaccounted
from .stage import backup, staged
from .trap import Trap

pytestmark = pytest.mark.faults

PROCESSES = ("bot", "worker-image", "deliver")
SETTINGS = {"WORKER_SLOTS": "2", "CACHE_TTL_S": "0", "BACKUP_KEEP": "2"}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Two slots, so that jobs wait; backups go to a directory of the test's."""
    with staged(PROCESSES, SETTINGS | {"BACKUP_URL": str(tmp_path / "backups")}) as started:
        yield started


def under_way(stack: Stack, people: list[Person]) -> list[Message]:
    """One job that was delivered, two that the provider works on, and three that wait for a slot."""
    people[0].make("/image a tower before the flood")
    stack.provider.hold()
    shown = [person.ask(f"/image the tower in the flood, {number}") for number, person in enumerate(people)]
    for person, message in zip(people[:2], shown[:2], strict=True):
        person.job_when(message, lambda job: job.state is State.RUNNING)
    for person, message in zip(people[2:], shown[2:], strict=True):
        person.job_when(message, lambda job: job.state is State.QUEUED)
    return shown


def stop(stack: Stack) -> None:
    for name in PROCESSES:
        stack.programs[name].kill()


def lose_all(stack: Stack) -> None:
    """The disk of the ledger is gone, with the broker's."""
    stop(stack)
    with connect(stack.settings.ledger_redis()) as client:
        client.flushall()


def start(stack: Stack) -> None:
    for name in PROCESSES:
        stack.programs[name].start()


def ended(stack: Stack, people: list[Person], shown: list[Message]) -> list[Job]:
    """The jobs of these messages, once all is told and the invariants hold."""
    assert_invariants(stack, [person.id for person in people])
    return [person.job(message) for person, message in zip(people, shown, strict=True)]


def told(person: Person, message: Message) -> Job:
    """The job of a message, once it has ended and the chat was told."""
    return person.job_when(message, lambda job: job.state in ENDED and job.told)


def test_25_all_was_delivered_since(stack: Stack) -> None:
    """Given a backup with jobs under way, all of which were delivered before the ledger was lost, I expect
    the restored ledger to end each with the very result that its chat has: one submission, one message."""
    people = [Person(stack, f"Ann {number}") for number in range(5)]
    shown = under_way(stack, people)
    backup(stack, "create")
    stack.provider.release()
    for person, message in zip(people, shown, strict=True):
        person.result(message)
    paid = len(stack.provider.submissions())
    lose_all(stack)

    said = backup(stack, "restore", "latest")
    assert "open jobs go on from: 5 stored" in said
    start(stack)
    jobs = ended(stack, people, shown)
    assert [job.state for job in jobs] == [State.DELIVERED] * 5
    assert len(stack.provider.submissions()) == paid
    assert all(person.answered_once(message) for person, message in zip(people, shown, strict=True))


def test_25_all_was_submitted_since_and_the_media_are_lost_too(stack: Stack) -> None:
    """Given jobs that waited in the backup, and were submitted and paid before ledger and media were lost, I
    expect each to be found at the provider and delivered, and none to be submitted again."""
    people = [Person(stack, f"Ann {number}") for number in range(5)]
    shown = under_way(stack, people)
    backup(stack, "create")
    stack.programs["deliver"].kill()
    stack.provider.release()
    for person, message in zip(people, shown, strict=True):
        person.job_when(message, lambda job: job.state is State.STORED)
    paid = len(stack.provider.submissions())
    lose_all(stack)
    media = Path(stack.settings.media_url)
    shutil.rmtree(media)

    said = backup(stack, "restore", "latest")
    assert "2 running, 3 unknown" in said
    start(stack)
    jobs = [told(person, message) for person, message in zip(people, shown, strict=True)]
    assert [job.state for job in jobs] == [State.DELIVERED] * 5
    assert len(stack.provider.submissions()) == paid
    assert all(person.answered_once(message) for person, message in zip(people, shown, strict=True))
    assert len([file for file in media.rglob("*") if file.is_file()]) == 5


def test_25_nothing_can_be_known_of_jobs_that_waited(stack: Stack) -> None:
    """Given jobs that waited and were never submitted, I expect the restored ledger, which cannot know that,
    to fail them clearly after the grace with their tokens given back, and those that ran to be delivered."""
    people = [Person(stack, f"Ann {number}") for number in range(5)]
    shown = under_way(stack, people)
    backup(stack, "create")
    lose_all(stack)
    backup(stack, "restore", "latest")
    stack.provider.release()
    start(stack)
    jobs = ended(stack, people, shown)
    assert [job.state for job in jobs] == [State.DELIVERED] * 2 + [State.FAILED] * 3
    assert {job.failure for job in jobs[2:]} == {Failure.UNKNOWN_OUTCOME}
    with connect(stack.settings.ledger_redis()) as client:
        assert client.hget(keys.counts(), "tokens_given_back") == "3"


def test_25_nothing_has_happened_since(stack: Stack) -> None:
    """Given a house that was stopped, backed up, and moved to a Redis of its own, I expect every job to go on
    from where it was and to be delivered, with the ledger before equal to the ledger after."""
    people = [Person(stack, f"Ann {number}") for number in range(5)]
    shown = under_way(stack, people)
    stop(stack)
    with connect(stack.settings.ledger_redis()) as client:
        before = ledger_of(client)
        backup(stack, "create")
        client.flushall()
        backup(stack, "restore", "latest", "--nothing-since")
        after = ledger_of(client)
        assert after.keys() == before.keys()
        assert after == before
        assert unaccounted(client) == 0
    stack.provider.release()
    start(stack)
    jobs = ended(stack, people, shown)
    assert [job.state for job in jobs] == [State.DELIVERED] * 5


def test_25_an_update_that_waited_was_dealt_with_since(posted: House, tmp_path: Path) -> None:
    """Given a backup from a moment in which Ann's request waited to be admitted, and a job of it that was
    made, paid and delivered before the ledger was lost, I expect no second job, and a word to Ann."""
    stack, ann = posted.stack, posted.person()
    shelf = ("--url", str(tmp_path / "backups"))
    trap = posted.set(Trap(rb"fair_share", times=1000), ["bot"])
    asked = stack.telegram.send(ann.id, "/image a letter between two floods")
    trap.wait()
    assert posted.client.zcard(keys.spool(UPDATES)) == 1
    backup(stack, *shelf, "create")
    posted.redis["bot"].heal()
    shown = eventually(lambda: answers_to(ann, asked))[0]
    ann.result(shown)
    posted.kill("bot", "first", "deliver")
    posted.client.flushall()

    said = backup(stack, *shelf, "restore", "latest")
    assert "1 update(s) from Telegram had been waiting" in said
    posted.start("bot", "first", "deliver")
    stack.telegram.wait_message(ann.id, lambda each: "send it again" in text_of(each))
    ann.make("/image a letter after the flood")
    assert posted.client.zcard(keys.spool(UPDATES)) == 0
    assert stack.provider.total("a letter between two floods") == 1
    assert len([each for each in ann.told() if each["media"]]) == 2


def ledger_of(client: "redis.Redis") -> dict[str, object]:
    """All that the ledger holds and that is not of the moment: who holds a lease, when to look again."""
    held: dict[str, object] = {}
    of_processes = (keys.workers(), keys.worker(""), keys.roster(), keys.lock(""), keys.bucket(""))
    passing = (*of_processes, keys.due(), keys.clock())
    for key in client.scan_iter(f"{keys.PREFIX}:*", count=1000):
        left: Any = client.pttl(key)
        if key.startswith(passing) or 0 <= left < 60_000:
            continue
        if key.startswith(keys.job("")):
            record: Any = client.hgetall(key)
            held[key] = {name: value for name, value in record.items() if name not in ("owner", "token")}
        else:
            held[key] = raw(client, key)
        held[f"{key} expires"] = pytest.approx(time.time() * 1000 + left, abs=2000) if left > 0 else 0
    return held


def raw(client: "redis.Redis", key: str) -> object:
    """A value of any type but a job's."""
    if (kind := client.type(key)) == "stream":
        return client.xrange(key)
    read = {"string": client.get, "hash": client.hgetall, "set": client.smembers}
    if kind in read:
        return read[kind](key)
    return client.zrange(key, 0, -1, withscores=True) if kind == "zset" else client.lrange(key, 0, -1)
