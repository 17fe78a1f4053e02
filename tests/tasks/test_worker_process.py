"""A worker process's composition root: one for each process, and nothing stays open of one that failed."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import ROOT, Settings
from jobs.model import Lane
from tasks.app import app
from tasks.process import Process

FORKING = """
import os
from ledger.processes.workers import Workers
from tasks import process
from tasks.app import app

first = process.current(app)
assert process.current(app) is first
if child := os.fork():
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    assert process.current(app) is first
    assert first.records.client.ping()
    process.close(app)
    assert process.current(app) is not first
    process.close(app)
else:
    own = process.current(app)
    assert own is not first
    assert own.slots.owner != first.slots.owner
    assert own.records.client.ping()
    process.close(app)
    os._exit(0)
"""


def test_each_process_of_a_pool_that_forks_has_a_root_of_its_own(redis_url: str, tmp_path: Path) -> None:
    """Given a process that has its root and forks, I expect the child to make one for itself, and to close it
    without the parent's; and the parent to make another once its own is closed."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "REDIS_URL": redis_url}
    env |= {"MEDIA_URL": str(tmp_path / "media")}
    argv = [sys.executable, "-c", FORKING]
    done = subprocess.run(
        argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "missing", ["opentelemetry.sdk.resources", "opentelemetry.exporter.otlp.proto.http.trace_exporter"]
)
def test_nothing_stays_open_of_a_root_that_cannot_be_made(
    settings_for: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Given traces that are wanted and an extra that is not installed for them, which is found out when the
    chat's thread runs already, I expect the error, and no thread that is left over for each attempt."""
    monkeypatch.setitem(sys.modules, missing, None)
    settings = settings_for(otel_exporter_otlp_endpoint="http://127.0.0.1:1", media_url=str(tmp_path))
    before = set(threading.enumerate())
    with pytest.raises(ImportError):
        Process(settings, app, list(Lane), 2)
    assert set(threading.enumerate()) <= before
