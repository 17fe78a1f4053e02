"""`python -m monitoring.job ID`: what became of one job, for whoever asks afterwards."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from pytest_celery import CeleryTestSetup

from config.settings import ROOT
from jobs.states import State
from sandbox.stack import Stack

from .person import Person


def told(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the command says, beside the stack."""
    command = [sys.executable, "-m", "monitoring.job", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=stack.environment, capture_output=True, text=True, timeout=200, check=False
    )


def test_the_life_of_a_job_whose_worker_died(
    celery_setup: CeleryTestSetup, fragile: Stack, bob: Person, tmp_path: Path
) -> None:
    """Given a job that two workers had, I expect both, the lapsed lease, one paid call, the prediction and
    the message in the table, a picture of it, and the prompt only where I ask for it."""
    fragile.provider.hold()
    shown = bob.ask("/image a foundered schooner")
    running = bob.job_when(shown, lambda job: job.state is State.RUNNING and job.owner)
    pid = int(running.owner.split(":")[1])
    victim = next(node for node in celery_setup.worker_cluster if node.container.program.pid == pid)
    victim.kill()
    second = bob.job_when(shown, lambda job: job.owner not in ("", running.owner)).owner
    fragile.provider.release()
    bob.result(shown)
    job = bob.job_when(shown, lambda job: job.told)

    picture = tmp_path / "life.png"
    answer = told(fragile, job.id, "--png", str(picture))

    assert answer.returncode == 0, answer.stderr
    facts, _, events = answer.stdout.partition("\n\n")
    assert f"prediction  {job.prediction}\n" in facts
    assert "paid calls  1 begun\n" in facts
    assert "crashes     1\n" in facts
    assert f"answer {job.message}" in facts
    what = [(line.split()[3], (line.split()[4:] or [""])[0]) for line in events.splitlines() if "+" in line]
    for event in (("claimed", running.owner), ("lapsed", running.owner), ("resumed", second)):
        assert event in what
    states = [each for each, _ in what if each in set(State)]
    assert states[:5] == ["accepted", "queued", "claimed", "submitting", "running"]
    assert states[5:] == ["storing", "stored", "delivering", "delivered"]
    assert "schooner" not in answer.stdout
    assert "prompt      a foundered schooner" in told(fragile, job.id, "--prompt").stdout
    with Image.open(picture) as image:
        assert image.width > 800
        assert len(image.convert("RGB").getcolors(1 << 20) or []) > 50


@pytest.mark.parametrize("job_id", ["abcdefghij234567abcd", "nonsense"])
def test_a_job_that_is_not_there(fragile: Stack, job_id: str) -> None:
    answer = told(fragile, job_id)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr == (f"The ledger has no job {job_id}; ended jobs are kept for KEEP_JOBS_DAYS.\n")


def test_a_ledger_that_does_not_answer() -> None:
    command = [sys.executable, "-m", "monitoring.job", "abcdefghij234567abcd"]
    answer = subprocess.run(
        command,
        cwd=ROOT,
        env={"REDIS_URL": "redis://127.0.0.1:1/0"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert answer.returncode == 2
    assert "127.0.0.1:1" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_picture_without_matplotlib() -> None:
    """Production has none: one sentence says what to do, before anything is looked up."""
    code = """
import importlib.machinery as machinery, sys
find = machinery.PathFinder.find_spec
machinery.PathFinder.find_spec = lambda name, *more: None if name == "matplotlib" else find(name, *more)
from monitoring.job import main
sys.exit(main(["abcdefghij234567abcd", "--png", "life.png"]))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert answer.returncode == 2
    assert answer.stderr == "--png needs matplotlib: pip install matplotlib, or leave --png out.\n"
