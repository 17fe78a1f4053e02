"""A worker reads JSON and nothing else: whoever can write to the broker cannot have it run their code."""

import base64
import inspect
import json
import pickle
import sys
import time
import uuid
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis
from brokers import broker
from mutants import EXAMPLES, SEED, mutant, text
from patience import eventually, promised

from config.settings import ROOT
from ledger import keys
from ledger.connection import connect
from sandbox.processes import Program
from tasks.app import app
from tasks.messages import TASKS


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def message(body: bytes, content_type: str) -> str:
    """A message as kombu puts it into a Redis list."""
    task_id = str(uuid.uuid4())
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "binary",
            "content-type": content_type,
            "headers": {"lang": "py", "task": "deliver", "id": task_id, "root_id": task_id, "argsrepr": "()"},
            "properties": {
                "correlation_id": task_id,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": "deliver"},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid.uuid4()),
            },
        }
    )


WORKER = ["-m", "celery", "-A", "tasks", "worker", "-Q", "deliver", "--without-gossip", "--without-mingle"]


@pytest.fixture
def worker(redis_url: str, tmp_path: Path) -> Iterator[Program]:
    """A real worker of the lane of deliveries."""
    env = {"REDIS_URL": redis_url, "TELEGRAM_TOKEN": "1:x", "MEDIA_URL": str(tmp_path), "LOG_FORMAT": "json"}
    argv = [sys.executable, *WORKER]
    with Program(argv, ready=r"ready\.", env=env | {"HEARTBEAT_S": "0.2"}, cwd=ROOT, timeout=60) as program:
        yield program


@pytest.fixture
def client(redis_url: str) -> "Iterator[redis.Redis]":
    with connect(redis_url) as made:
        yield made


def taken(client: "redis.Redis") -> bool:
    """Whether nothing is left on the broker, and nobody holds anything of it."""
    return client.llen("deliver") == 0 and client.hlen("unacked") == 0


def refusals(worker: Program) -> list[dict[str, Any]]:
    """What the worker says that it refused."""
    lines = [json.loads(line) for line in worker.log_text.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "broker message refused"]


def test_a_worker_refuses_whatever_is_not_json(
    worker: Program, client: "redis.Redis", tmp_path: Path
) -> None:
    """Given messages of pickle (that would make a file) and YAML on a real worker's queue, I expect each to
    be refused and none to be run, and the worker to go on with what is JSON."""
    sprung = tmp_path / "sprung"
    yaml = b"!!python/object/apply:pathlib.Path.touch [" + str(sprung).encode() + b"]"
    for body, kind in (
        (pickle.dumps(((Trap(sprung),), {}, {})), "application/x-python-serialize"),
        (yaml, "application/x-yaml"),
        (pickle.dumps(((Trap(sprung),), {}, {})), "application/json"),
        (json.dumps([["nobody"], {}, {}]).encode(), "application/json"),
    ):
        client.lpush("deliver", message(body, kind))
    eventually(lambda: len(refusals(worker)) == 3)
    eventually(partial(taken, client))
    assert [line["reason"] for line in refusals(worker)] == ["content", "content", "json"]
    eventually(lambda: "Task deliver" in worker.log_text)
    assert worker.alive
    assert not sprung.exists()


def spoilt(**changes: Any) -> str:
    """A good message with other values; a name of two parts is one inside another."""
    good = json.loads(message(json.dumps([["nobody"], {}, {}]).encode(), "application/json"))
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        if inner:
            good[outer][inner] = value
        else:
            good[outer.replace("_", "-") if outer.startswith("content") else outer] = value
    return json.dumps(good)


def packed_body(text: bytes) -> str:
    return base64.b64encode(text).decode()


BOMB = packed_body(zlib.compress(bytes(300_000_000), 9))
SPOILT: dict[str, str | bytes] = {
    "no JSON": "x",
    "half": spoilt()[:-20],
    "no text": b"\xff\xfe",
    "null": "null",
    "a list": "[1, 2]",
    "a number": "7",
    "nested": "[" * 5000,
    "nested and closed": "[" * 5000 + "]" * 5000,
    "nested inside": spoilt(body=packed_body(b"[" * 5000 + b"]" * 5000)),
    "empty": "{}",
    "no properties": spoilt(properties=None),
    "no headers": spoilt(headers=None),
    "headers that are a list": spoilt(headers=[1]),
    "no tag": spoilt(properties__delivery_tag=None),
    "a tag that is a list": spoilt(properties__delivery_tag=[1]),
    "an encoding of the body that nobody knows": spoilt(properties__body_encoding="rot13"),
    "an encoding that is a list": spoilt(properties__body_encoding=["base64"]),
    "a content type that nobody knows": spoilt(content_type="application/x-unheard-of"),
    "a content type that is a list": spoilt(content_type=["application/json"]),
    "a charset that nobody knows": spoilt(content_encoding="rot13"),
    "packed": spoilt(headers__compression="application/x-gzip", body=BOMB),
    "packed by another": spoilt(headers__compression="application/x-lzma", body=packed_body(b"x")),
    "a body that is no base64": spoilt(body="***"),
    "a body that is a number": spoilt(body=7),
    "no body": spoilt(body=None),
    "a body of a type": spoilt(body=packed_body(b'[[{"__type__": "decimal", "__value__": "x"}], {}, {}]')),
    "a task that is none": spoilt(headers__task="os.system"),
    "a task that is a list": spoilt(headers__task=["deliver"]),
    "a task of Celery's": spoilt(headers__task="celery.map"),
    "an id that is an object": spoilt(headers__id={"a": 1}),
    "no id": spoilt(headers__id=None),
    "a time that is none": spoilt(headers__eta=[1]),
    "a time in a thousand years": spoilt(headers__eta="3026-01-01T00:00:00+00:00"),
    "a limit that is none": spoilt(headers__timelimit="soon"),
    "more arguments": spoilt(body=packed_body(b'[["a", "b"], {}, {}]')),
    "arguments of another type": spoilt(body=packed_body(b'[[["a"]], {}, {}]')),
    "arguments by name": spoilt(body=packed_body(b'[[], {"job_id": "a"}, {}]')),
    "something after it": spoilt(body=packed_body(b'[["a"], {}, {"chain": [{"task": "celery.map"}]}]')),
    "half a character": spoilt(body=packed_body(b'[["\\ud800"], {}, {}]')),
    "large": spoilt(headers__argsrepr="x" * 100_000),
}


def test_no_message_ends_a_worker_or_holds_it(worker: Program, client: "redis.Redis") -> None:
    """Given messages that are wrong in every way, I expect a real worker to refuse each of them, to count
    and log that without their content, and to do at once what comes after them."""
    for raw in SPOILT.values():
        client.lpush("deliver", raw)
    client.lpush("deliver", message(json.dumps([["whoever"], {}, {}]).encode(), "application/json"))
    began = time.monotonic()
    eventually(lambda: "Task deliver" in worker.log_text)
    assert time.monotonic() - began < promised(10)
    eventually(partial(taken, client))
    assert worker.alive
    assert len(refusals(worker)) == len(SPOILT)
    assert {line["queue"] for line in refusals(worker)} == {"deliver"}
    assert {key for line in refusals(worker) for key in line} & {
        "body",
        "message",
        "error",
        "exception",
    } == set()
    for word in ("rot13", "unheard-of", "os.system", "__type__", "Traceback"):
        assert word not in worker.log_text

    def counted() -> int:
        found: dict[str, str] = client.hgetall(keys.counts())  # type: ignore[assignment]
        return sum(int(by) for name, by in found.items() if name.startswith("broker_refused:deliver:"))

    eventually(lambda: counted() == len(SPOILT))


def heard(client: "redis.Redis", worker: Program) -> str:
    """Return the topic of wishes to workers, as soon as this worker listens, some time after it is ready.

    It says so by what it refuses; that somebody listens may be said of the worker before it, which is ending.
    """
    topic = f"/{client.get_connection_kwargs().get('db', 0)}.celery.pidbox"
    eventually(lambda: client.publish(topic, "is anybody there?") and refusals(worker))
    return topic


def test_what_is_wished_and_kept_ends_no_worker_either(
    worker: Program, client: "redis.Redis", redis_url: str
) -> None:
    """Given nonsense where workers hear wishes, and among the messages that nobody acknowledged, I expect it
    passed over, and a proper wish heard afterwards."""
    topic = heard(client, worker)
    for raw in SPOILT.values():
        assert client.publish(topic, raw)
    for body in (
        b"[]",
        b"7",
        b'{"method": 7}',
        b'{"method": "nothing", "destination": 7}',
        b'{"method": []}',
    ):
        client.publish(topic, spoilt(headers={}, body=packed_body(body)))
    for number, raw in enumerate(SPOILT.values()):
        client.hset("unacked", f"tag-{number}", raw)
        client.zadd("unacked_index", {f"tag-{number}": 0})
    with broker(redis_url):
        eventually(lambda: app.control.ping(timeout=1))
    # They come ten at a time, and seldom: what a worker does with them at its start is the same.
    assert worker.alive
    with broker(redis_url), app.connection_for_read() as connection, connection.channel() as channel:
        while client.zcard("unacked_index"):
            channel.qos.restore_visible(num=10, interval=1)
    assert client.hlen("unacked") == 0


def mutated(chance: Random) -> bytes:
    """A message that is wrong in places, outside or inside."""
    good = json.loads(spoilt())
    if chance.random() < 0.4:
        good["body"] = base64.b64encode(
            text(chance, mutant(chance, [["nobody"], {}, {"chain": None}]))
        ).decode()
        return text(chance, good) if chance.random() < 0.2 else json.dumps(good).encode()
    return text(chance, mutant(chance, good))


def test_a_worker_outlives_whatever_is_wrong_in_places(
    worker: Program, client: "redis.Redis", redis_url: str
) -> None:
    """Given messages and wishes that are wrong anywhere, always the same for one FUZZ_SEED, I expect a worker
    to go on, and nothing of them to stay."""
    topic = heard(client, worker)
    for number in range(min(EXAMPLES, 1000) // 2):
        client.lpush("deliver", mutated(Random(f"{SEED} message {number}")))
        client.publish(topic, mutated(Random(f"{SEED} wish {number}")))
    last = message(json.dumps([["whoever"], {}, {}]).encode(), "application/json")
    client.lpush("deliver", last)
    eventually(lambda: f"Task deliver[{json.loads(last)['headers']['id']}] succeeded" in worker.log_text)
    eventually(partial(taken, client))
    with broker(redis_url):
        eventually(lambda: app.control.ping(timeout=1))
    assert worker.alive


def test_what_is_run_is_what_there_is() -> None:
    """Given the tasks that workers register, I expect those to pass, with the arguments that they take."""
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if task.run.__module__.startswith("tasks.")}
    kinds = {
        name: tuple(each.annotation for each in list(inspect.signature(task.run).parameters.values()))
        for name, task in ours.items()
    }
    assert kinds == dict(TASKS)
