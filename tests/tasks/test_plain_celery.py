"""What plain `celery -A tasks worker -Q img` is set to, and what a message on the broker tells."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from config.settings import ROOT, Settings
from jobs.model import Job, Kind, Lane, Origin, Request
from ledger.admission import Accepted
from ledger.connection import connect
from sandbox.admission import admit_once
from tasks.publish import Publisher

SECRETIVE = Request(Kind.IMAGE, "sketch", "a prompt for nobody else", {"ar": "16:9"}, seed=424242)
ANN = Origin(user=7_000_000_001, chat=-1_002_000_000_001, reply_to=555_555)

SHOW_CONFIG = """
import json
from tasks.app import app
names = '''worker_pool worker_concurrency worker_prefetch_multiplier worker_disable_prefetch task_acks_late
    task_reject_on_worker_lost task_ignore_result task_create_missing_queues task_serializer accept_content
    broker_url broker_channel_error_retry broker_connection_max_retries task_annotations task_default_queue
    task_publish_retry result_backend broker_transport_options'''.split()
app.loader.import_default_modules()
shown = {name: app.conf[name] for name in names}
shown["queues"] = sorted(app.amqp.queues)
shown["tasks"] = sorted(name for name in app.tasks if not name.startswith("celery."))
shown["late"] = sorted(name for name in app.tasks if app.tasks[name].acks_late)
shown["rate_limit"] = app.tasks["generate"].rate_limit
print(json.dumps(shown))
"""


def run(folder: Path, *argv: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A Python of its own, with these settings and no others."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}
    argv = (sys.executable, *argv)
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=200, check=False)


def shown(folder: Path, **settings: str) -> dict[str, Any]:
    done = run(folder, "-c", SHOW_CONFIG, **settings)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The configuration of those who have set nothing."""
    return shown(tmp_path_factory.mktemp("nothing"))


# The configuration.


def test_slots_are_threads_and_messages_are_taken_one_for_each(plain: dict[str, Any]) -> None:
    assert (plain["worker_pool"], plain["worker_concurrency"]) == ("threads", 32)
    assert (plain["worker_prefetch_multiplier"], plain["worker_disable_prefetch"]) == (1, True)


def test_there_are_four_lanes_and_a_mistyped_one_is_none(plain: dict[str, Any]) -> None:
    assert plain["queues"] == ["deliver", "img", "vid", "vip"]
    assert plain["task_create_missing_queues"] is False
    assert plain["task_default_queue"] in plain["queues"]


def test_messages_are_acknowledged_early_by_every_task(plain: dict[str, Any]) -> None:
    """Given that the ledger recovers jobs, no task may be started again by the broker."""
    assert plain["tasks"] == ["broadcast", "deliver", "generate"]
    assert (plain["task_acks_late"], plain["task_reject_on_worker_lost"]) == (False, False)
    assert plain["late"] == []


def test_the_broker_carries_json_and_no_results(plain: dict[str, Any]) -> None:
    assert (plain["task_serializer"], plain["accept_content"]) == ("json", ["json"])
    assert plain["task_ignore_result"] is True
    assert plain["result_backend"] is None


def test_a_broker_that_is_away_is_waited_for_by_workers_and_not_by_publishers(plain: dict[str, Any]) -> None:
    assert plain["broker_connection_max_retries"] is None
    assert plain["broker_channel_error_retry"] is True
    assert plain["task_publish_retry"] is False
    assert plain["broker_transport_options"]["max_connections"] >= plain["worker_concurrency"]


def test_the_settings_reach_celery(plain: dict[str, Any], tmp_path: Path) -> None:
    """Given limits in the environment, they are annotations, and Celery's own is on the task."""
    assert plain["rate_limit"] is None
    settings = {
        "REDIS_URL": "redis://127.0.0.1:1/3",
        "WORKER_SLOTS": "5",
        "USER_RATE_LIMIT": "3/m, burst 2",
        "VIP_USER_RATE_LIMIT": "9/m",
        "GENERATE_RATE_LIMIT": "2/s",
    }
    found = shown(tmp_path, **settings)
    assert (found["broker_url"], found["worker_concurrency"]) == ("redis://127.0.0.1:1/3", 5)
    assert found["rate_limit"] == "2/s"
    assert found["task_annotations"]["generate"] == {
        "rate_limit": "2/s",
        "user_rate_limit": "3/m, burst 2",
        "vip_user_rate_limit": "9/m",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("USER_RATE_LIMIT", "lots"), ("GENERATE_RATE_LIMIT", "2 a day")],
)
def test_a_setting_that_celery_cannot_take_is_one_sentence(tmp_path: Path, name: str, value: str) -> None:
    done = run(tmp_path, "-c", SHOW_CONFIG, **{name: value})
    assert done.returncode == 1
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_worker_for_a_lane_that_is_none_does_not_start(tmp_path: Path, redis_url: str) -> None:
    """Given `-Q imgs`, the worker ends and names the lane, rather than wait for jobs that never come."""
    done = run(tmp_path, "-m", "celery", "-A", "tasks", "worker", "-Q", "imgs", REDIS_URL=redis_url)
    assert done.returncode != 0
    assert "imgs" in done.stderr


def test_a_worker_with_a_catalogue_that_cannot_be_does_not_start(tmp_path: Path, redis_url: str) -> None:
    """Given models that may take longer than the broker waits for, the worker ends with a sentence, rather
    than take messages and fail each of them."""
    contradiction = {"VISIBILITY_TIMEOUT_S": "5", "REDIS_URL": redis_url}
    done = run(tmp_path, "-m", "celery", "-A", "tasks", "worker", "-Q", "img", **contradiction)
    assert done.returncode == 1
    assert "VISIBILITY_TIMEOUT_S (5) must be above the longest deadline_s" in done.stderr


def test_the_bot_has_none_of_the_workers_code(tmp_path: Path) -> None:
    """Given all modules of the bot, it publishes by name and imports no task and no provider's API."""
    script = (
        "import importlib, pkgutil, sys, bot\n"
        "for found in pkgutil.walk_packages(bot.__path__, 'bot.'): importlib.import_module(found.name)\n"
        "print('\\n'.join(sys.modules))"
    )
    done = run(tmp_path, "-c", script)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines())
    assert {"bot.application", "tasks.app", "tasks.publish"} <= loaded
    assert loaded.isdisjoint(
        {"tasks.generation.task", "tasks.delivery.task", "tasks.broadcast", "tasks.process", "obstore"}
    )


# The messages.


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def publisher(redis_url: str) -> Iterator[Publisher]:
    """Publishes with our configuration to the test's broker."""
    with Celery("test", config_source="celeryconfig", set_as_current=False) as app:
        app.conf.broker_url = redis_url
        yield Publisher(app)


def admitted(settings: Settings, job_id: str = "fox") -> Job:
    answer = admit_once(settings, job_id, SECRETIVE, ANN, fresh=True)
    assert isinstance(answer, Accepted)
    return answer.job


def lists(client: "redis.Redis") -> dict[str, list[str]]:
    """The broker's lists: name -> raw messages."""
    names = [name for lane in Lane for name in client.scan_iter(f"{lane}*") if client.type(name) == "list"]
    return {name: client.lrange(name, 0, -1) for name in names}  # type: ignore[misc]


def test_a_message_carries_the_jobs_id_and_nothing_else(
    client: "redis.Redis", publisher: Publisher, settings_for: Callable[..., Settings]
) -> None:
    """Given a job with a prompt, a user and a chat, its raw message in Redis has none of them."""
    publisher.publish_generation(admitted(settings_for()))
    ((name, (raw,)),) = lists(client).items()
    assert name == "img\x06\x163"
    message = json.loads(raw)
    body = base64.b64decode(message["body"]).decode()
    args, kwargs, embedded = json.loads(body)
    assert (args, kwargs) == (["fox"], {})
    assert set(embedded.values()) == {None}
    assert (message["headers"]["task"], message["headers"]["id"]) == ("generate", "fox")
    for private in (SECRETIVE.prompt, "16:9", "424242", str(ANN.user), str(ANN.chat), "555555", "sketch"):
        assert private not in raw
        assert private not in body


def test_all_waiting_jobs_have_one_list_of_their_lane_which_counts_in_its_backlog(
    client: "redis.Redis", publisher: Publisher, settings_for: Callable[..., Settings]
) -> None:
    """Given one user's three jobs, their messages are turns of one priority: the ledger keeps the order."""
    assert publisher.backlog(Lane.IMG) == 0
    for number in range(3):
        publisher.publish_generation(admitted(settings_for(), f"fox-{number}"))
    assert list(lists(client)) == ["img\x06\x163"]
    assert (publisher.backlog(Lane.IMG), publisher.backlog(Lane.VID)) == (3, 0)


def test_a_delivery_has_a_lane_of_its_own_and_goes_before_a_broadcast(
    client: "redis.Redis", publisher: Publisher
) -> None:
    publisher.publish_broadcast("b1", 2)
    publisher.publish_delivery("fox")
    assert sorted(lists(client)) == ["deliver", "deliver\x06\x169"]
    (raw,) = lists(client)["deliver"]
    assert json.loads(base64.b64decode(json.loads(raw)["body"]))[0] == ["fox"]
