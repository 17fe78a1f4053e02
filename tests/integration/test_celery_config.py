"""Celery as a plain command line starts it, and what is on the broker."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from celery import Celery
from celery.exceptions import QueueNotFound
from worker_stage import ROOT, Door, app_of, eventually, messages, provider_program, told_of

from config.settings import Settings
from jobs.errors import LedgerUnavailable
from jobs.model import Kind, Lane
from jobs.states import State
from sandbox.environment import free_port, on_path
from sandbox.processes import Program
from sandbox.provider.client import ProviderStand
from tasks.publish import Publisher


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    return settings_for()


@pytest.fixture
def app(settings: Settings) -> Celery:
    return app_of(settings)


@pytest.fixture
def door(settings: Settings) -> Iterator[Door]:
    with closing(Door(settings)) as made:
        yield made


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The environment of a worker; nothing listens at Telegram's address."""
    return {
        "REDIS_URL": settings.redis_url,
        "TELEGRAM_TOKEN": settings.telegram_token,
        "TELEGRAM_API_URL": f"http://127.0.0.1:{free_port()}",
        "MODELS_FILE": "sandbox/models.toml",
        "LOG_FORMAT": "json",
        "PATH": on_path({})["PATH"],
        **more,
    }


# Publishing.


def test_a_message_carries_the_jobs_id_and_nothing_else(app: Celery, door: Door, settings: Settings) -> None:
    """Given a job with a prompt, I expect only its id in the raw list, as the message's own id too."""
    job = door.admit(prompt="a fox nobody may read about", user=7_000_000_001)
    Publisher(app).publish_generation(job)
    (message,) = messages(door.redis, Lane.IMG)
    assert (message["args"], message["kwargs"]) == ([job.id], {})
    assert (message["headers"]["task"], message["headers"]["id"]) == ("generate", job.id)
    raw = json.dumps(message)
    for word in ("nobody may read", "7000000001", settings.telegram_token):
        assert word not in raw


def test_a_delivery_has_an_id_of_its_own(app: Celery, door: Door) -> None:
    job = door.admit()
    Publisher(app).publish_delivery(job.id)
    (message,) = messages(door.redis, Lane.DELIVER)
    assert (message["args"], message["headers"]["task"]) == ([job.id], "deliver")
    assert message["headers"]["id"] != job.id


def test_each_kind_goes_to_its_lane_and_zero_comes_first(app: Celery, door: Door) -> None:
    """Given three jobs of one user and one of another, I expect the latter before the user's second."""
    publisher = Publisher(app)
    first, second, third = (door.admit(user=1) for _ in range(3))
    other, video = door.admit(user=2), door.admit(Kind.VIDEO, user=3)
    for job in (third, second, first, other, video):
        publisher.publish_generation(job)
    assert told_of(door.redis, Lane.IMG) == [first.id, other.id, second.id, third.id]
    assert told_of(door.redis, Lane.VID) == [video.id]
    assert [message["step"] for message in messages(door.redis, Lane.IMG)] == ["0", "0", "3", "6"]


def test_a_lanes_backlog_counts_all_priorities(app: Celery, door: Door) -> None:
    """Given an empty lane, I expect 0 and no error; given messages of every priority, all of them."""
    publisher = Publisher(app)
    assert publisher.backlog(Lane.IMG) == 0
    for _ in range(5):
        publisher.publish_generation(door.admit(user=1))
    assert publisher.backlog(Lane.IMG) == 5
    assert publisher.backlog(Lane.VID) == 0


def test_a_broker_that_is_away_is_the_ledgers_own_error(door: Door) -> None:
    """Given no broker, I expect LedgerUnavailable, by which callers know that the sweep publishes later."""
    app = app_of(Settings(redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    # Without it the connection is tried three times, which takes six seconds.
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "max_retries": 0}
    job = door.admit()
    with pytest.raises(LedgerUnavailable, match="refused"):
        Publisher(app).publish_generation(job)
    with pytest.raises(LedgerUnavailable, match="refused"):
        Publisher(app).publish_delivery(job.id)


def test_a_mistyped_lane_is_an_error_and_no_new_queue(app: Celery, door: Door) -> None:
    with pytest.raises(QueueNotFound, match="imgg"):
        app.send_task("generate", args=["fox"], queue="imgg")
    assert door.redis.keys("imgg*") == []


# Workers.


def test_the_configuration_is_what_the_design_wants(app: Celery) -> None:
    conf = app.conf
    assert (conf.worker_pool, conf.worker_concurrency) == ("threads", Settings().worker_slots)
    assert {queue.name for queue in conf.task_queues} == {"img", "vid", "vip", "deliver"}
    assert (conf.task_create_missing_queues, conf.task_default_queue) == (False, "img")
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost) == (False, False)
    assert (conf.worker_disable_prefetch, conf.worker_prefetch_multiplier) == (True, 1)
    assert (conf.task_serializer, conf.accept_content) == ("json", ["json"])
    assert conf.task_ignore_result is True
    assert conf.broker_channel_error_retry is True
    assert conf.broker_connection_max_retries is None
    options = conf.broker_transport_options
    assert options["visibility_timeout"] == Settings().visibility_timeout_s
    assert options["max_connections"] >= conf.worker_concurrency
    limits = conf.task_annotations["generate"]
    assert (limits["user_rate_limit"], limits["vip_user_rate_limit"]) == ("10/m", "30/m")


def test_a_plain_worker_takes_its_lane_in_threads_and_acknowledges_early(
    settings: Settings, app: Celery, door: Door, tmp_path: Path
) -> None:
    """Given `celery -A tasks worker -Q img`, and a provider that holds what it gets, I expect jobs of this
    lane in slots of one process, their messages gone from the broker, and the other lane left alone.
    """
    with (
        provider_program() as provider,
        ProviderStand(provider.url) as control,
        Program(
            ["celery", "-A", "tasks", "worker", "-Q", "img", "-n", f"plain-{free_port()}@%h"],
            ready=r"ready\.",
            env=environment(
                settings,
                WORKER_SLOTS="3",
                POLL_FIRST_S="0.1",
                POLL_MAX_S="0.2",
                MEDIA_URL=str(tmp_path),
                REPLICATE_API_TOKEN="r8_stand",
                REPLICATE_API_URL=f"{provider.url}/v1",
            ),
            cwd=ROOT,
        ) as worker,
    ):
        control.hold()
        publisher = Publisher(app)
        pictures = [door.admit(user=user) for user in (1, 2, 3, 4)]
        video = door.admit(Kind.VIDEO, user=5)
        for job in (*pictures, video):
            publisher.publish_generation(job)
            door.ledger.published(job.id)
        for job in pictures[:3]:
            door.until(job, State.RUNNING)
        assert {door.now(job).owner for job in pictures[:3]} == {door.now(pictures[0]).owner}
        # A message for each slot and no more: the fourth job waits on the broker, where priorities count.
        assert told_of(door.redis, Lane.IMG) == [pictures[3].id]
        assert told_of(door.redis, Lane.VID) == [video.id]
        assert door.redis.hlen("unacked") == 0
        control.release()
        assert pool_of(worker, app) == {"implementation": "celery.concurrency.thread:TaskPool", "slots": 3}
        for job in pictures:
            door.until(job, State.STORED)
        eventually(lambda: set(told_of(door.redis, Lane.DELIVER)) >= {job.id for job in pictures})
        assert door.now(video).state is State.QUEUED
        assert worker.terminate(10) == 0


def pool_of(worker: Program, app: Celery) -> dict[str, object]:
    """What the worker says of itself over Celery's remote control."""
    assert worker.alive
    (said,) = (app.control.inspect(timeout=5, limit=1).stats() or {}).values()
    return {"implementation": said["pool"]["implementation"], "slots": said["pool"]["max-concurrency"]}


@pytest.mark.parametrize(
    ("arguments", "more", "says"),
    [
        (["-Q", "imgg"], {}, "imgg"),
        (["-Q", "img"], {"LEASE_S": "1"}, "LEASE_S (1) must be at least three times HEARTBEAT_S"),
    ],
)
def test_a_worker_that_cannot_be_right_does_not_start(
    settings: Settings, arguments: list[str], more: dict[str, str], says: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "tasks", "worker", *arguments],
        env=environment(settings, **more),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode != 0
    assert says in ended.stdout + ended.stderr


def test_the_bot_loads_no_task(settings: Settings) -> None:
    """Given the bot's program, I expect it to publish by name: neither tasks nor providers' clients come."""
    script = "import sys, bot.__main__; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "tasks.publish" in loaded
    assert loaded & {"tasks.generate", "tasks.deliver", "tasks.process", "tasks.storage", "obstore"} == set()
