"""`--once`: one user's message through the whole stack, without a browser."""

import sys
import time
from pathlib import Path
from typing import Any

from config.logs.printable import printable
from jobs.model import Job
from sandbox.stack import Stack

EXIT_FAILED = 1
EXIT_NO_JOB = 3
_LONGEST_S = 300.0
_LINES = "\n"
_TIMELINE = {
    "accepted": "accepted",
    "queued": "queued",
    "claimed": "claimed",
    "submitted": "running",
    "done": "storing",
    "stored": "stored",
    "delivered": "delivered",
}
"""Name of a moment in the timeline -> the state that begins then."""


def once(text: str, out: Path) -> int:
    """Send `text`, print the job's timeline, write its media into `out`, and return the exit code.

    Returns:
        0: delivered. 1: the job ended without a result. 3: the text made no job.

    Raises:
        TimeoutError: The bot did not reply, or the job did not end, in time.
    """
    with Stack() as stack:
        user = stack.telegram.new_user("Ann")
        stack.telegram.send(user, text)
        answer = stack.telegram.wait_message(user, _from_bot, timeout=30)
        jobs = stack.users.history(user)
        if not jobs:
            print(f"no job: the bot answered:\n{printable(_text(answer), keep=_LINES)}", file=sys.stderr)
            return EXIT_NO_JOB
        job = _wait_for_end(stack, jobs[0].id)
        print_timeline(job)
        message = stack.telegram.wait_message(
            user, lambda found: found["message_id"] == job.message, timeout=5
        )
        if "delivered" not in job.stamps:
            print(f"{job.state}: {printable(_text(message), keep=_LINES)}", file=sys.stderr)
            return EXIT_FAILED
        return _write(stack, message, job, out)


def print_timeline(job: Job) -> None:
    """Print each moment of the job: clock time, and seconds since admission."""
    start = job.stamps["accepted"]
    print(f"job {job.id}")
    for name, state in _TIMELINE.items():
        if state in job.stamps:
            at = job.stamps[state]
            clock = time.strftime("%H:%M:%S", time.localtime(at))
            print(f"  {name:<10} {clock}.{round(at % 1 * 1000):03d}  +{at - start:.3f} s")


def _wait_for_end(stack: Stack, job_id: str) -> Job:
    deadline = time.monotonic() + _LONGEST_S
    while time.monotonic() < deadline:
        job = stack.ledger.get(job_id)
        if job is not None and job.told:
            return job
        time.sleep(0.05)
    raise TimeoutError(f"job {job_id} did not end within {_LONGEST_S:g} s")


def _write(stack: Stack, message: dict[str, Any], job: Job, out: Path) -> int:
    if job.artifact is None:
        print("delivered without an artifact", file=sys.stderr)
        return EXIT_FAILED
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{job.id}.{job.artifact.key.rpartition('.')[2]}"
    file.write_bytes(stack.telegram.file(message))
    print(f"{file} ({job.artifact.mime}, {file.stat().st_size} bytes)")
    return 0


def _from_bot(message: dict[str, Any]) -> bool:
    return bool(message.get("from", {}).get("is_bot"))


def _text(message: dict[str, Any]) -> str:
    return str(message.get("text") or message.get("caption") or "")
