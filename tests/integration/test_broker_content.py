"""A worker reads JSON and nothing else: whoever can write to the broker cannot have it run their code."""

import base64
import json
import pickle
import sys
import uuid
from functools import partial
from pathlib import Path
from typing import Any

from bot_stage import eventually

from config.settings import ROOT
from jobs.connection import connect
from sandbox.processes import Program


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


def refused(worker: Program, kind: str) -> bool:
    return f"Refusing to deserialize untrusted content of type {kind}" in worker.log_text


def test_a_worker_refuses_whatever_is_not_json(redis_url: str, tmp_path: Path) -> None:
    """Given messages of pickle (that would make a file) and YAML on a real worker's queue, I expect each to
    be refused and none to be run, and the worker to go on with what is JSON."""
    sprung = tmp_path / "sprung"
    yaml = b"!!python/object/apply:pathlib.Path.touch [" + str(sprung).encode() + b"]"
    env = {"REDIS_URL": redis_url, "TELEGRAM_TOKEN": "1:x", "MEDIA_URL": str(tmp_path), "LOG_FORMAT": "json"}
    argv = ["-m", "celery", "-A", "tasks", "worker", "-Q", "deliver", "--without-gossip", "--without-mingle"]
    with (
        Program([sys.executable, *argv], ready=r"ready\.", env=env, cwd=ROOT, timeout=60) as worker,
        connect(redis_url) as client,
    ):
        for body, kind in (
            (pickle.dumps(((Trap(sprung),), {}, {})), "application/x-python-serialize"),
            (yaml, "application/x-yaml"),
            (json.dumps([["nobody"], {}, {}]).encode(), "application/json"),
        ):
            client.lpush("deliver", message(body, kind))
        for kind in ("pickle", "yaml"):
            eventually(partial(refused, worker, kind))
        eventually(lambda: client.llen("deliver") == 0 and client.hlen("unacked") == 0)
        assert worker.alive
    assert not sprung.exists()
