"""The pipeline that every peer runs: admit, submit, poll, store, deliver, in a plain design.

Its environment: REDIS_URL, PROVIDER_URL (with /v1), TELEGRAM_URL (with the bot's token), MEDIA_DIR; and
optionally POLL_S and DEADLINE_S in seconds. It runs in the peer's own environment, which has httpx and redis
and nothing of Darkroom.
"""

import asyncio
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import redis

POLL_S = float(os.environ.get("POLL_S", "1"))
DEADLINE_S = int(os.environ.get("DEADLINE_S", "60"))
LIMIT = 1_000_000
"""Requests per minute of one user: there is a limiter, and it never limits."""
_LIMITS = httpx.Limits(max_connections=200)
# A thousand jobs that start at once wait for each other.
_TIMEOUT = httpx.Timeout(30, pool=DEADLINE_S)
ENDED = ("succeeded", "failed", "canceled", "aborted")


@cache
def store() -> "redis.Redis":
    """Return the process's Redis client."""
    return redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)


@cache
def web() -> httpx.Client:
    """Return the process's HTTP client for threads and processes."""
    return httpx.Client(timeout=_TIMEOUT, limits=_LIMITS, trust_env=False)


@cache
def async_web() -> httpx.AsyncClient:
    """Return the process's HTTP client for coroutines."""
    return httpx.AsyncClient(timeout=_TIMEOUT, limits=_LIMITS, trust_env=False)


def admit(job_id: str, chat: str, prompt: str) -> None:
    """Count the user's request and store the job."""
    if store().incr(f"peer:rate:{chat}") > LIMIT:
        raise RuntimeError("limited")
    store().hset(f"peer:job:{job_id}", mapping={"chat": chat, "prompt": prompt, "state": "accepted"})


def read(job_id: str) -> dict[str, str]:
    """Return the stored job."""
    found: Any = store().hgetall(f"peer:job:{job_id}")
    return dict(found)


def submission(prompt: str) -> dict[str, Any]:
    """Return the arguments of the paid call."""
    url = f"{os.environ['PROVIDER_URL']}/models/darkroom/sketch/predictions"
    return {"url": url, "json": {"input": {"prompt": prompt, "output_format": "png"}}, "headers": _token()}


def look(prediction: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of one poll."""
    return {"url": f"{os.environ['PROVIDER_URL']}/predictions/{prediction['id']}", "headers": _token()}


def output(prediction: dict[str, Any]) -> str:
    """Return the URL of the output.

    Raises:
        RuntimeError: The prediction did not succeed.
    """
    if prediction["status"] != "succeeded":
        raise RuntimeError(f"prediction {prediction['status']}")
    made = prediction["output"]
    return str(made[0] if isinstance(made, list) else made)


def keep(job_id: str, content: bytes) -> Path:
    """Write the file to the shared folder and return its path."""
    path = Path(os.environ["MEDIA_DIR"]) / f"{job_id}.png"
    path.write_bytes(content)
    return path


def delivery(job: dict[str, str], path: Path) -> dict[str, Any]:
    """Return the arguments of the call that sends the picture."""
    return {
        "url": f"{os.environ['TELEGRAM_URL']}/sendPhoto",
        "data": {"chat_id": job["chat"], "caption": job["prompt"]},
        "files": {"photo": (path.name, path.read_bytes(), "image/png")},
    }


def make(job_id: str) -> None:
    """Run a whole job, blocking."""
    job = read(job_id)
    until = time.monotonic() + DEADLINE_S
    prediction = web().post(**submission(job["prompt"])).raise_for_status().json()
    while prediction["status"] not in ENDED and time.monotonic() < until:
        time.sleep(POLL_S)
        prediction = web().get(**look(prediction)).raise_for_status().json()
    content = web().get(output(prediction)).raise_for_status().content
    web().post(**delivery(job, keep(job_id, content))).raise_for_status()
    store().hset(f"peer:job:{job_id}", "state", "delivered")


async def make_async(job_id: str) -> None:
    """Run a whole job as a coroutine. Redis and the disk may block: they take less than a millisecond."""
    job = read(job_id)
    until = time.monotonic() + DEADLINE_S
    prediction = (await async_web().post(**submission(job["prompt"]))).raise_for_status().json()
    while prediction["status"] not in ENDED and time.monotonic() < until:
        await asyncio.sleep(POLL_S)
        prediction = (await async_web().get(**look(prediction))).raise_for_status().json()
    content = (await async_web().get(output(prediction))).raise_for_status().content
    (await async_web().post(**delivery(job, keep(job_id, content)))).raise_for_status()
    store().hset(f"peer:job:{job_id}", "state", "delivered")


def _token() -> dict[str, str]:
    return {"Authorization": "Bearer r8_stand"}
