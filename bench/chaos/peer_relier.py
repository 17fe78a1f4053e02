"""Relier 0.1.7 (PyPI) beside Darkroom: the same SIGKILLs for its workers, on the same machine.

Relier is a library for tasks in general, without chats or payments. Compared are the time until a task whose
worker was killed runs again elsewhere, and whether all tasks end.
"""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from typing import Any

import redis

from bench.harness.report import percentile
from sandbox.embedded import EmbeddedRedis
from sandbox.environment import free_port
from sandbox.processes import Program

VERSION = "0.1.7"
WORKERS = 2
PROCESSES = 4
"""Processes of each worker, as many as in Relier's own benchmark."""
_PATIENCE_S = 120.0
_STARTS, _DONE = "peer:starts", "peer:done"

_TASKS = f"""
import asyncio, os, time
import redis
from relier import rl_task

client = redis.Redis.from_url(os.environ["RELIER_REDIS_URL"])

@rl_task(queue="default", hard_timeout=60)
async def work(number: int, seconds: float) -> int:
    client.rpush("{_STARTS}", f"{{number}} {{os.getppid()}} {{time.time()}}")
    await asyncio.sleep(seconds)
    client.rpush("{_DONE}", number)
    return number
"""
_PUSH = """
import sys
import relier.tasks.app
from peer_tasks import work

for number in range(int(sys.argv[1])):
    work.push(number=number, seconds=float(sys.argv[2]))
print("pushed", flush=True)
"""


def install() -> Path:
    """Return the interpreter of an environment with Relier.

    The first call installs it, which needs a package index.
    """
    folder = Path(tempfile.gettempdir()) / f"darkroom-peer-relier-{VERSION}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", f"relier=={VERSION}"], check=True)
        (folder / "ready").touch()
    return python


def run(tasks: int, kills: int, seed: int, lease_s: float, task_s: float = 0.5) -> dict[str, Any]:
    """Push `tasks` tasks of `task_s` seconds, SIGKILL a worker `kills` times, and wait for the end.

    Args:
        tasks: Number of tasks.
        kills: Number of SIGKILLs.
        seed: Seed of the kills.
        lease_s: The lease of the chaos run. Relier gets it as the heartbeat's time to live (default 10 s).
            Relier looks for dead workers every second (default 2 s).
        task_s: Duration of a task (s).

    Returns:
        The figures: `done` counts the tasks that ended, `more_than_once` those that ended twice; `recovery_s`
            is as in the chaos run.
    """
    python, random = install(), Random(seed)
    with ExitStack() as open_:
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="peer-")))
        (folder / "peer_tasks.py").write_text(_TASKS, encoding="utf-8")
        (folder / "push.py").write_text(_PUSH, encoding="utf-8")
        url = open_.enter_context(EmbeddedRedis(free_port(), folder / "redis", keep=True)).url
        environment = {
            "RELIER_REDIS_URL": url,
            "RELIER_HEARTBEAT_TTL": str(round(lease_s)),
            "RELIER_RESURRECTION_CHECK_INTERVAL": "1",
            "RELIER_OTEL_ENABLED": "false",
            "PYTHONPATH": str(folder),
        }
        workers = [
            open_.enter_context(closing(_worker(python, number, environment, folder)))
            for number in range(WORKERS)
        ]
        with ThreadPoolExecutor(WORKERS) as starting:
            list(starting.map(Program.start, workers))
        resurrector = Program([python.with_name("rl"), "run-resurrector"], env=environment, cwd=folder)
        open_.enter_context(resurrector)
        client = open_.enter_context(closing(redis.Redis.from_url(url, decode_responses=True)))
        pushing = Program(
            [python, folder / "push.py", str(tasks), str(task_s)], ready="pushed", env=environment, cwd=folder
        )
        began = time.time()
        open_.enter_context(pushing)
        busy_s = tasks * task_s / (WORKERS * PROCESSES)
        killed = _kill(client, workers, kills, busy_s / max(1, kills), random)
        _wait(client, tasks)
        return _figures(client, tasks, killed) | {
            "heartbeat_ttl_s": round(lease_s),
            "seconds": round(time.time() - began, 1),
        }


def _worker(python: Path, number: int, environment: dict[str, str], folder: Path) -> Program:
    line = (
        f"-m celery -A relier.tasks.app worker -l info -Q high_priority,default,low_priority,re-queue "
        f"-c {PROCESSES} -n peer{number}@%h --include=peer_tasks --without-gossip --without-mingle"
    )
    return Program([python, *line.split()], ready=r"ready\.", env=environment, cwd=folder, timeout=60)


def _kill(
    client: "redis.Redis", workers: list[Program], kills: int, every_s: float, random: Random
) -> list[tuple[float, int, set[str]]]:
    """SIGKILL a worker with all its processes `kills` times, and start it again.

    Returns:
        For each kill its time, the process id, and the tasks that had ended by then.
    """
    killed = []
    for _ in range(kills):
        time.sleep(every_s * random.uniform(0.6, 1.0))
        victim = random.choice(workers)
        pid, at = victim.pid, time.time()
        victim.kill()
        ended: Any = client.lrange(_DONE, 0, -1)
        killed.append((at, pid, set(ended)))
        time.sleep(random.uniform(0.3, 2.0))
        victim.start()
    return killed


def _wait(client: "redis.Redis", tasks: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        ended: Any = client.lrange(_DONE, 0, -1)
        if len(set(ended)) >= tasks:
            return
        time.sleep(0.2)


def _figures(client: "redis.Redis", tasks: int, killed: list[tuple[float, int, set[str]]]) -> dict[str, Any]:
    ended: Any = client.lrange(_DONE, 0, -1)
    lines: Any = client.lrange(_STARTS, 0, -1)
    starts = [(number, int(pid), float(at)) for number, pid, at in map(str.split, lines)]
    recovery = []
    for at, pid, by_then in killed:
        held = {number for number, owner, start in starts if owner == pid and start < at} - by_then
        for number in held:
            after = [start for again, _, start in starts if again == number and start > at]
            recovery += [min(after) - at] if after else []
    return {
        "version": VERSION,
        "tasks": tasks,
        "kills": len(killed),
        "done": len(set(ended)),
        "more_than_once": len(ended) - len(set(ended)),
        "recovery_s": {
            "p50": round(percentile(recovery, 50), 2),
            "p99": round(percentile(recovery, 99), 2),
            "max": round(max(recovery, default=0.0), 2),
            "count": len(recovery),
        },
    }
