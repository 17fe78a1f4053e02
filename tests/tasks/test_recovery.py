"""What the sweep and the workers make of every loss, up to what the chat is told in the end."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from tasks_stage import Stage, eventually, stage

from jobs.failures import Failure
from jobs.model import Job, Lane
from jobs.states import State
from ledger import clock, keys
from ledger.admin.controls import Controls
from ledger.jobs import Stage as Claim
from ledger.processes.workers import Workers
from ledger.queue_position import QueuePositions
from tasks.sweep import Sweep


@pytest.fixture(scope="module")
def whole_stage(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(redis_server, tmp_path_factory.mktemp("media")) as made:
        yield made


@pytest.fixture
def scene(whole_stage: Stage, redis_url: str) -> Iterator[Stage]:
    """The stage with an empty Redis, and no trouble ordered."""
    yield whole_stage
    whole_stage.provider.clear_faults()


@pytest.fixture
def sweep(scene: Stage) -> Sweep:
    """A sweep whose rounds the test makes, and to which no message is too new to be lost."""
    waiting = QueuePositions(scene.redis, Workers(scene.redis))
    return Sweep(replace(scene.settings, unpublished_s=0.0), scene.ledger, waiting, scene.process.publisher)


def lose_messages(scene: Stage) -> None:
    """The broker's lists are gone."""
    for lane in Lane:
        for name in scene.redis.scan_iter(f"{lane}*"):
            if scene.redis.type(name) == "list":
                scene.redis.delete(name)


def backlog(scene: Stage, lane: Lane = Lane.IMG) -> int:
    return scene.process.publisher.backlog(lane)


def swept(scene: Stage, sweep: Sweep, job: Job, until: Callable[[Job], bool]) -> Job:
    """Rounds are made and messages worked off, as by a fleet of workers, until the job is so far."""

    def far() -> bool:
        scene.lapse(job)
        sweep.round()
        scene.work()
        return until(scene.now(job))

    eventually(far)
    return scene.now(job)


def told(job: Job) -> bool:
    return job.told


def unpublish(scene: Stage, job: Job) -> None:
    """As after a crash of the bot between admission and publishing."""
    lose_messages(scene)
    scene.redis.hset(keys.job(job.id), "state", State.ACCEPTED)
    scene.redis.zrem(keys.in_state(State.QUEUED), job.id)
    scene.redis.zadd(keys.in_state(State.ACCEPTED), {job.id: 1})
    scene.redis.zadd(keys.due(), {job.id: 0})


# Messages.


def test_an_accepted_job_that_was_never_published_is_published(scene: Stage, sweep: Sweep) -> None:
    """Given a bot that died before it published, one round brings the job to the broker and notes it."""
    job = scene.job("a fox never sent")
    unpublish(scene, job)
    sweep.round()
    assert scene.now(job).state is State.QUEUED
    assert backlog(scene) == 1
    assert swept(scene, sweep, job, told).state is State.DELIVERED
    assert scene.paid("a fox never sent") == 1


def test_a_job_whose_message_was_lost_is_published_again(scene: Stage, sweep: Sweep) -> None:
    """Given a lane with a job and no message, as after a worker's death between taking and claiming."""
    job = scene.job("a fox lost on the way")
    lose_messages(scene)
    assert backlog(scene) == 0
    sweep.round()
    assert backlog(scene) == 1
    assert swept(scene, sweep, job, told).state is State.DELIVERED
    assert scene.paid("a fox lost on the way") == 1


def test_a_message_that_was_published_only_now_is_not_taken_for_lost(scene: Stage) -> None:
    """Given a job that was queued in this moment, its message may be in a worker's hands."""
    scene.job("a fresh fox")
    lose_messages(scene)
    waiting = QueuePositions(scene.redis, Workers(scene.redis))
    Sweep(scene.settings, scene.ledger, waiting, scene.process.publisher).round()
    assert backlog(scene) == 0


def test_a_lane_that_has_messages_is_left_alone(scene: Stage, sweep: Sweep) -> None:
    job = scene.job("a fox in line")
    eventually(lambda: not scene.ledger.due.find())
    sweep.round()
    assert backlog(scene) == 1
    assert scene.now(job).state is State.QUEUED


def test_a_lane_that_lost_some_of_its_messages_gets_as_many_back(scene: Stage, sweep: Sweep) -> None:
    """Given three jobs and one message, two more are brought to the broker, and each job is made once."""
    first = scene.job("fox 0")
    jobs = [first, *(scene.job_for(first.origin, f"fox {number}") for number in (1, 2))]
    for _ in range(2):
        assert scene.redis.rpop("img\x06\x163") is not None
    assert backlog(scene) == 1
    for job in jobs:
        scene.ledger.due.hasten(job.id)
    for _ in range(3):
        sweep.round()
    assert backlog(scene) == 3
    scene.work()
    assert [scene.now(job).state for job in jobs] == [State.DELIVERED] * 3
    assert [scene.paid(f"fox {number}") for number in range(3)] == [1, 1, 1]


def test_a_paused_lane_is_not_published_to(scene: Stage, sweep: Sweep) -> None:
    job = scene.job("a fox on hold")
    lose_messages(scene)
    Controls(scene.redis).pause(Lane.IMG, by=1)
    scene.ledger.due.hasten(job.id)
    for _ in range(2):
        sweep.round()
    assert backlog(scene) == 0
    Controls(scene.redis).resume(Lane.IMG, by=1)
    assert swept(scene, sweep, job, told).state is State.DELIVERED


# Leases.


def test_a_lease_that_lapsed_is_another_workers_to_claim(scene: Stage, sweep: Sweep) -> None:
    """Given a worker that died in mid-poll, its job is published and resumed from the saved prediction."""
    done = scene.job("a fox to take over from")
    scene.work()
    prediction = scene.orphaned(done)
    job = scene.job("a fox taken over")
    held = scene.ledger.running(scene.ledger.submitting(scene.claimed_elsewhere(job)), prediction)
    sweep.round()
    lose_messages(scene)
    assert scene.now(job).token == held.token, "a live lease was taken"
    scene.lapse(job)
    sweep.round()
    assert backlog(scene) == 1
    now = swept(scene, sweep, job, told)
    assert (now.state, now.crashes, now.prediction) == (State.DELIVERED, 1, prediction)
    assert scene.paid("a fox taken over") == 0


def test_a_job_that_crashed_its_workers_too_often_is_failed_and_told(scene: Stage, sweep: Sweep) -> None:
    """Given a job over which each worker dies, max_crashes of them are all that it gets."""
    job = scene.job("a fatal fox")
    lose_messages(scene)
    for _ in range(scene.settings.max_crashes):
        scene.claimed_elsewhere(job)
        scene.lapse(job)
        sweep.round()
        lose_messages(scene)
    scene.lapse(job)
    now = swept(scene, sweep, job, told)
    assert (now.state, now.failure) == (State.FAILED, Failure.CRASHED)
    assert "kept breaking our machine" in scene.message(job)["text"]
    assert scene.paid("a fatal fox") == 0


# Ends that nobody was told of.


@pytest.mark.parametrize("fault", ["reset", "500"])
def test_a_submission_of_unknown_outcome_is_given_up_after_its_grace(
    scene: Stage, sweep: Sweep, fault: str
) -> None:
    """Given a paid call that nobody heard of, when the grace is over, the job fails and its chat is told."""
    prompt = f"a fox in the dark ({fault})"
    scene.provider.fault(fault, "create", match=prompt)
    job = scene.job(prompt)
    scene.work()
    assert scene.now(job).state is State.UNKNOWN
    scene.redis.hset(keys.job(job.id), "at:unknown", "1000")
    now = swept(scene, sweep, job, told)
    assert (now.state, now.failure) == (State.FAILED, Failure.UNKNOWN_OUTCOME)
    assert "The connection broke at a bad moment" in scene.message(job)["text"]
    assert scene.paid(prompt) == 0


def test_a_submission_whose_answer_was_lost_is_found_by_a_round(scene: Stage, sweep: Sweep) -> None:
    scene.provider.fault("drop_answer", "create", match="a fox to find")
    job = scene.job("a fox to find")
    scene.work()
    assert scene.now(job).state is State.UNKNOWN
    assert swept(scene, sweep, job, told).state is State.DELIVERED
    assert scene.paid("a fox to find") == 1


def test_a_failed_job_whose_chat_was_not_told_is_told(scene: Stage, sweep: Sweep) -> None:
    """Given a worker that died between the failure and its message, a round has the message sent, once."""
    job = scene.job("a fox that failed in silence")
    lose_messages(scene)
    scene.ledger.failed(scene.claimed_elsewhere(job), Failure.PROVIDER_FAILED)
    now = swept(scene, sweep, job, told)
    assert (now.state, len(scene.by_bot(job))) == (State.FAILED, 1)
    assert "stopped with an error" in scene.message(job)["text"]
    sweep.round()
    assert scene.work() == []


def test_a_result_that_lies_ready_is_delivered(scene: Stage, sweep: Sweep) -> None:
    """Given a delivery whose worker died, another one gives the result, and nothing is made again."""
    job = scene.job("a fox left at the door")
    scene.work(only="generate")
    assert scene.now(job).state is State.STORED
    lose_messages(scene)
    assert scene.ledger.claim(job.id, "another", Claim.DELIVER) is not None
    scene.lapse(job)
    now = swept(scene, sweep, job, told)
    assert (now.state, len(scene.by_bot(job))) == (State.DELIVERED, 1)
    assert scene.paid("a fox left at the door") == 1


def test_a_job_that_is_gone_from_the_ledger_is_forgotten(scene: Stage, sweep: Sweep) -> None:
    scene.redis.zadd(keys.due(), {"nobody": 0})
    sweep.round()
    assert scene.ledger.due.find() == []
    assert scene.work() == []


# Records that nobody can read hold up nobody.


def lapsed_behind(scene: Stage, prompt: str, job: Job) -> Job:
    """A job whose worker died, overdue after `job`."""
    behind = scene.job(prompt)
    lose_messages(scene)
    scene.claimed_elsewhere(behind)
    scene.redis.zadd(keys.due(), {job.id: 0, behind.id: 1})
    return behind


@pytest.mark.parametrize(
    "garbled",
    [
        {"failure": "a_new_failure"},
        {"state": "developing"},
        {"options": "{"},
        {"tier": ""},
        {"at:queued": "now"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_record_that_cannot_be_read_holds_up_nobody(
    scene: Stage, sweep: Sweep, garbled: Mapping[Any, Any]
) -> None:
    """Given an overdue job with a value that this release does not know, I expect the job behind it to be
    gone on with by the same round; and the first to be counted, and to go on once it can be read."""
    prompt = f"a fox behind another {garbled}"
    job = scene.job("a fox of tomorrow")
    before: Any = scene.redis.hgetall(keys.job(job.id))
    scene.redis.hset(keys.job(job.id), mapping=garbled)
    behind = lapsed_behind(scene, prompt, job)
    sweep.round()
    scene.work(only="generate")
    assert scene.now(behind).state is State.STORED
    assert scene.redis.hget(keys.counts(), "jobs_passed_over") == "1"
    assert job.id not in scene.ledger.due.find()
    assert scene.ledger.get(job.id) is None
    scene.redis.hdel(keys.job(job.id), *garbled)
    scene.redis.hset(keys.job(job.id), mapping=before)
    scene.lapse(job)
    assert swept(scene, sweep, job, told).state is State.DELIVERED


def test_what_goes_wrong_with_one_lost_message_holds_up_nobody(scene: Stage, sweep: Sweep) -> None:
    """Given two jobs in a lane whose messages are lost, the first of which was never stamped as queued, I
    expect the second to be published again."""
    first, second = scene.job("a fox without a stamp"), scene.job("a fox with one")
    lose_messages(scene)
    scene.redis.hdel(keys.job(first.id), "at:queued")
    long_ago = clock.ask(scene.redis) - scene.settings.unpublished_s - 1
    scene.redis.hset(keys.job(second.id), "at:queued", round(long_ago * 1000))
    sweep.round()
    assert int(str(scene.redis.hget(keys.counts(), "jobs_passed_over"))) == 1
    assert backlog(scene) == 1
    # Whichever message comes, the first of the lane gets it.
    assert swept(scene, sweep, first, told).state is State.DELIVERED
    assert swept(scene, sweep, second, told).state is State.DELIVERED


def test_records_of_a_newer_release_hold_up_nobody(scene: Stage, sweep: Sweep) -> None:
    """Given more overdue records of a newer release than a round looks at, as after a rollback, I expect the
    first round to go on with a lapsed job of ours, and the others to stay due for whoever can read them."""
    newer = [f"of-tomorrow-{number}" for number in range(250)]
    for job_id in newer:
        scene.redis.hset(keys.job(job_id), mapping={"version": "99", "state": "running", "owner": ""})
        scene.redis.zadd(keys.due(), {job_id: 0})
    job = scene.job("a fox behind a rollback")
    lose_messages(scene)
    scene.claimed_elsewhere(job)
    scene.redis.zadd(keys.due(), {job.id: 1})
    sweep.round()
    scene.work(only="generate")
    assert scene.now(job).state is State.STORED
    assert scene.redis.zcount(keys.due(), 0, 0) == len(newer)


def test_a_lane_goes_on_behind_a_job_that_cannot_be_read(scene: Stage) -> None:
    """Given a job at the head of its lane that nobody can read, I expect the lane's messages to bring the
    one behind it, and no lease or crash for the first."""
    first, second = scene.job("a fox unheard of"), scene.job("a fox in line")
    scene.redis.hset(keys.job(first.id), "failure", "a_new_failure")
    scene.work(only="generate")
    assert scene.now(second).state is State.STORED
    record = scene.redis.hmget(keys.job(first.id), "owner", "crashes")
    assert record == ["", None]
