"""Seeds an empty Redis with the past of a product in use: ended jobs, histories, cached results."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import redis

from jobs.model import Artifact, Kind, Lane, Origin, Request, Tier, artifact_fields, new_record
from jobs.states import State
from ledger import keys
from ledger.admission import Hit

_BATCH = 5_000
_CHATS = 10_000
_WAY = (State.ACCEPTED, State.CLAIMED, State.SUBMITTING, State.RUNNING, State.STORING, State.STORED)
_ENDED = (*_WAY, State.DELIVERING, State.DELIVERED, "told")

# ARGV: first and last number, fields of a record, entries of a trail (JSON arrays), seconds to keep, the keys
# of a job, a trail and a message up to the number, and the number of chats
_RECORDS = """
local fields, trail = cjson.decode(ARGV[3]), cjson.decode(ARGV[4])
for number = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local id = string.format('past%016d', number)
  redis.call('HSET', ARGV[6] .. id, unpack(fields))
  redis.call('RPUSH', ARGV[7] .. id, unpack(trail))
  redis.call('SET', ARGV[8] .. number % tonumber(ARGV[9]) .. ':' .. number, id, 'EX', ARGV[5])
  redis.call('EXPIRE', ARGV[6] .. id, ARGV[5])
  redis.call('EXPIRE', ARGV[7] .. id, ARGV[5])
end
"""
_CACHED = """
for number = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  redis.call('SET', ARGV[3] .. string.format('%064d', number), ARGV[4], 'EX', 86400)
end
"""
Fill = Callable[["redis.Redis"], None]


def ended_jobs(count: int) -> Fill:
    """Return a function that writes `count` delivered jobs: record, trail and the key of their message."""
    record = _record()
    fields = [part for item in record.items() for part in item]
    trail = [f"{record['at:accepted']} {state}" for state in _ENDED]
    rest = [json.dumps(fields), json.dumps(trail), 30 * 86_400]
    places = [keys.job(""), keys.trail(""), keys.message(0, 0).removesuffix("0:0"), _CHATS]
    return lambda client: _run(client, _RECORDS, count, [*rest, *places])


def cached_results(count: int) -> Fill:
    """Return a function that writes `count` results into the cache."""
    hit = Hit(Artifact("2026/01/01/" + "a" * 20 + ".png", "image/png", 123_456), "A" * 70)
    value = json.dumps({"artifact": asdict(hit.artifact), "file_id": hit.file_id})
    return lambda client: _run(client, _CACHED, count, [keys.cached(""), value])


def histories(users: list[int], length: int) -> Fill:
    """Return a function that writes a history of `length` jobs for each user."""

    def fill(client: "redis.Redis") -> None:
        now = round(time.time() * 1000)
        with client.pipeline(transaction=False) as pipe:
            for user in users if length else ():
                past = range(1, length + 1)
                pipe.zadd(keys.history_of(user), {f"past{user}-{ago}": now - 1000 * ago for ago in past})
            pipe.execute()

    return fill


def _run(client: "redis.Redis", script: str, count: int, rest: list[Any]) -> None:
    # A rewrite of the append-only file during a measurement would be measured too. The stack's Redis must
    # have CONFIG.
    client.config_set("auto-aof-rewrite-percentage", 0)
    for first in range(1, count + 1, _BATCH):
        client.eval(script, 0, first, min(count, first + _BATCH - 1), *rest)


def _record() -> dict[str, str]:
    now = round(time.time() * 1000) - 86_400_000
    asked = Request(Kind.IMAGE, "sketch", "a fox on the hill of the day before yesterday", {}, 12345)
    artifact = Artifact("2026/01/01/" + "a" * 20 + ".png", "image/png", 123_456)
    record = new_record(asked, Origin(7, 7, 7)) | {
        "tier": Tier.REGULAR,
        "lane": Lane.IMG,
        "state": State.DELIVERED,
        "token": "4",
        "owner": "",
        "prediction": "p" * 26,
        "progress": "100",
        "polls": "1",
        "message": "8",
        "file_id": "A" * 70,
        "digest": "d" * 64,
        "turn": str(now * 1000),
        "token_taken": "1",
        **artifact_fields(artifact),
        **{f"at:{state}": str(now + 1000 * step) for step, state in enumerate(_ENDED)},
    }
    return {name: str(value) for name, value in record.items()}
