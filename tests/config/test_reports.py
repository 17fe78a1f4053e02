"""Errors on their way to Sentry, with its real SDK: what broke and for which job, and nothing to hide."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sink import Sink, sink

from config.settings import ROOT

TOKEN = "7001001:" + "S" * 35
PROMPT = "a red fox that nobody may read about"

STORY = f"""
import logging, sys, threading
import structlog
from config.logs import reports
from config.logs.logging import configure
from config.settings import Settings

settings = Settings(
    telegram_token="{TOKEN}", replicate_api_token="r8_secret", sentry_dsn=sys.argv[1], log_format="json",
)
configure(settings, "worker")
log = structlog.get_logger("tasks.generation.task")

def fail():
    prompt, api_token = "{PROMPT}", "r8_" + "another"
    raise ValueError("cannot draw " + prompt + " for " + settings.telegram_token)

with structlog.contextvars.bound_contextvars(job="fox", prediction="p1", worker="host:1:a"):
    log.info("submitted")
    log.warning("job failed", detail="{PROMPT}")
    try:
        fail()
    except ValueError as error:
        log.exception("job failed by an error of ours", url=settings.telegram_token)
        logging.getLogger("celery.app.trace").error("Task %s raised %r", "generate", error, exc_info=True)
log.error("no workers", prompt="{PROMPT}")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
reports.flush(5)
"""


@pytest.fixture(scope="module")
def sentry() -> Any:
    """What Sentry gets to see of a process whose life is STORY, and the process's stderr."""
    with sink() as server:
        dsn = f"http://thekey@127.0.0.1:{server.port}/42"
        done = subprocess.run(
            [sys.executable, "-c", STORY, dsn],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=200,
            check=True,
        )
        yield server, done.stderr


def events(server: Sink) -> list[dict[str, Any]]:
    """The events in the envelopes: header, item header, item, one a line."""
    found = []
    for path, body in server.posted:
        assert path.startswith("/api/42/")
        head, *items = body.decode().strip().splitlines()
        assert "dsn" in head or "event_id" in head
        found += [
            json.loads(item)
            for kind, item in zip(items[::2], items[1::2], strict=True)
            if json.loads(kind)["type"] == "event"
        ]
    return found


def test_every_error_arrives_once_with_its_ids(sentry: tuple[Sink, str]) -> None:
    """Given errors of ours, of a library's and of a thread that nobody watched, and lines of lesser levels, I
    expect the errors, each with the sentence that was logged and the ids of the job."""
    server, _ = sentry
    told = [(each["tags"].get("said"), each["tags"].get("job")) for each in events(server) if "tags" in each]
    assert told == [
        ("job failed by an error of ours", "fox"),
        ("Task %s raised %r", "fox"),
        ("no workers", None),
    ]
    first = events(server)[0]
    assert first["tags"]["prediction"] == "p1"
    assert first["tags"]["worker"] == "host:1:a"
    assert first["tags"]["process"] == "worker"
    (error,) = first["exception"]["values"]
    assert error["type"] == "ValueError"
    assert error["stacktrace"]["frames"][-1]["function"] == "fail"
    unwatched = [each for each in events(server) if "tags" not in each]
    assert [each["exception"]["values"][0]["type"] for each in unwatched] == ["ValueError"]


def test_neither_words_nor_secrets_leave(sentry: tuple[Sink, str]) -> None:
    """They are in the exceptions' texts, in variables, in values of the lines."""
    server, _ = sentry
    everything = b"".join(body for _, body in server.posted).decode()
    assert "fail" in everything
    for secret in (PROMPT, "red fox", TOKEN, "r8_secret", "r8_another"):
        assert secret not in everything


EXTRAS = {"sentry_sdk": "SENTRY_DSN", "opentelemetry": "OTEL_EXPORTER_OTLP_ENDPOINT"}


@pytest.mark.parametrize(("package", "name"), EXTRAS.items())
def test_an_extra_that_is_wanted_and_not_installed(package: str, name: str, tmp_path: Path) -> None:
    """Given a setting without its package, no process starts, and one sentence says what to do."""
    value = "http://key@127.0.0.1:1/42"
    code = f"""
import importlib.machinery as machinery, sys
find = machinery.PathFinder.find_spec
without = lambda name, *more: None if name.split(".")[0] == {package!r} else find(name, *more)
machinery.PathFinder.find_spec = without
from config.settings import SettingsError, load
try:
    load({{{name!r}: {value!r}}})
except SettingsError as error:
    sys.exit(str(error))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name} is set, and ")
    assert "not installed: pip install -r requirements-extras.txt" in done.stderr
    assert len(done.stderr.splitlines()) == 1
