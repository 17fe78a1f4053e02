"""`bench neighbours`: how long other users wait for a reply while one user writes as much as possible.

One loud user posts to a real bot (`python -m bot`, BOT_MODE=webhook) beside a real Redis and the Telegram
stand, with the limits of production: nothing (`quiet`), a forward of a hundred messages of quotes that are
never closed (`quotes`), a flood in private (`flood`), or 15 /help in each of many groups (`groups`).
Meanwhile others ask for /help in private, and the health page is requested. Keys of each part: `posted`,
`posted_s`, `decided_s` (from the first post until no update waits), `answer_s` {p50, max} of the others,
`missing` (the others who got no reply), `stall_s` (longest wait for the health page).

Without `--refused` only fairness protects the others: the loud user's own limit is off.
"""

import argparse
import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.harness import report
from bench.intake import SECRET
from bench.intake.postman import Line, Update
from config.settings import ROOT
from ledger import keys
from ledger.connection import connect
from ledger.queues.durable_queue import UPDATES
from sandbox.environment import free_port
from sandbox.processes import Program
from sandbox.stack import Stack

LOUD = 20_000_000
QUOTES = "„ " * 2048
CONNECTIONS = 50
ANSWER_WITHIN_S = 90.0
DECIDED_WITHIN_S = 300.0
OF_A_GROUP = 15


@dataclass(frozen=True, slots=True)
class Load:
    """How much the loud user writes, how many others ask, and at which distance (s)."""

    quotes: int = 100
    flood: int = 10_000
    groups: int = 130
    others: int = 20
    apart_s: float = 0.25
    refused: bool = False


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    plan = Load()
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--quotes", type=int, default=plan.quotes, help="messages of quotes")
    parser.add_argument("--flood", type=int, default=plan.flood, help="messages in private")
    parser.add_argument("--groups", type=int, default=plan.groups, help="groups of the loud person")
    parser.add_argument("--others", type=int, default=plan.others, help="people who ask meanwhile")
    parser.add_argument("--apart-s", type=float, default=plan.apart_s, help="seconds between two of them")
    parser.add_argument("--refused", action="store_true", help="with REFUSED_RATE_LIMIT as in production")


def main(options: argparse.Namespace) -> None:
    """Run the benchmark, print its table and write its figures."""
    figures = run(Load(**{name: getattr(options, name) for name in asdict(Load())}))
    head = ("", "posted", "posted s", "decided s", "answer p50 s", "max", "missing", "stall s")
    rows = [
        (
            name,
            *(part[key] for key in ("posted", "posted_s", "decided_s")),
            *part["answer_s"].values(),
            *(part[key] for key in ("missing", "stall_s")),
        )
        for name, part in figures["parts"].items()
    ]
    print(report.table(head, rows))
    print(f"machine: {figures['machine']}")
    if options.json:
        report.write_json(options.json, figures)


def run(load: Load) -> dict[str, Any]:
    """Run all parts, one after the other, each with its own bot."""
    circumstances = report.machine()
    private = [(LOUD, "/help")] * load.flood
    in_groups = [(-number, "/help") for _ in range(OF_A_GROUP) for number in range(load.groups)]
    parts: dict[str, Sequence[tuple[int, str]]] = {
        "quiet": (),
        "quotes": [(LOUD, QUOTES)] * load.quotes,
        "flood": private,
        "groups": in_groups,
    }
    return {
        "parts": {name: _part(load, said) for name, said in parts.items()},
        "load": asdict(load),
        "machine": circumstances | {"load_after": report.machine()["load"]},
    }


def _part(load: Load, said: Sequence[tuple[int, str]]) -> dict[str, Any]:
    with _bot(load) as (stack, url):
        stack.telegram.new_user("Loud", user_id=LOUD)
        others = [stack.telegram.new_user(f"Other {number}") for number in range(load.others)]
        wanted = range(max((-chat for chat, _ in said if chat <= 0), default=-1) + 1)
        groups = [stack.telegram.new_group(f"Group {number}", [LOUD]) for number in wanted]
        updates = [
            _update(number, LOUD, groups[-chat] if chat <= 0 else chat, text)
            for number, (chat, text) in enumerate(said, 1)
        ]
        with _watched(url) as stalls, ThreadPoolExecutor(load.others + 1) as crowd:
            began = time.monotonic()
            posting = crowd.submit(lambda: asyncio.run(_post(url, updates)))
            asking = [
                crowd.submit(_asked, stack, url, user, began + load.apart_s * number)
                for number, user in enumerate(others)
            ]
            answers = [each.result() for each in asking]
            posted_s = posting.result() - began if updates else 0.0
            decided_s = _when_decided(stack) - began
        waits = [each for each in answers if each is not None]
        return {
            "posted": len(updates),
            "posted_s": posted_s,
            "decided_s": decided_s,
            "answer_s": {"p50": report.percentile(waits, 50), "max": max(waits, default=0.0)},
            "missing": answers.count(None),
            "stall_s": max(stalls, default=0.0),
        }


@contextmanager
def _bot(load: Load) -> Iterator[tuple[Stack, str]]:
    port = free_port()
    settings = {
        "BOT_MODE": "webhook",
        "WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "WEBHOOK_BIND": f"127.0.0.1:{port}",
        "WEBHOOK_SECRET": SECRET,
        "LOG_FORMAT": "json",
        **({} if load.refused else {"REFUSED_RATE_LIMIT": ""}),
    }
    argv = [sys.executable, "-m", "bot"]
    with Stack((), settings) as stack:
        stack.telegram.limits(enabled=False)
        with Program(argv, ready='"event": "receiving"', env=stack.environment, cwd=ROOT, timeout=60):
            yield stack, f"http://127.0.0.1:{port}"


def _update(number: int, user: int, chat: int, text: str) -> Update:
    """Return an update with a user's message in a chat."""
    kind = "private" if chat == user else "supergroup"
    message: Update = {
        "message_id": 1_000_000 + number,
        "date": 1_800_000_000,
        "chat": {"id": chat, "type": kind, "title": "Group"},
        "from": {"id": user, "is_bot": False, "first_name": "Ann", "language_code": "en"},
        "text": text,
    }
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    return {"update_id": user + number, "message": message}


async def _post(url: str, updates: Sequence[Update]) -> float:
    """Post updates in order, as fast as they are accepted; return the time of the last."""
    bodies = iter([json.dumps(each).encode() for each in updates])

    async def carry() -> None:
        line = Line(f"{url}/telegram", SECRET)
        for body in bodies:
            await line.send(body)
        line.close()

    await asyncio.gather(*(carry() for _ in range(CONNECTIONS)))
    return time.monotonic()


def _asked(stack: Stack, url: str, user: int, at: float) -> float | None:
    """Ask at that moment and return the seconds until the reply; None if there is none."""
    time.sleep(max(0.0, at - time.monotonic()))
    began = time.monotonic()
    asyncio.run(_post(url, [_update(1, user, user, "/help")]))
    try:
        stack.telegram.wait_message(user, lambda each: each["from"]["is_bot"], ANSWER_WITHIN_S)
    except TimeoutError:
        return None
    return time.monotonic() - began


def _when_decided(stack: Stack) -> float:
    deadline = time.monotonic() + DECIDED_WITHIN_S
    with connect(stack.settings.ledger_redis()) as client:
        while client.zcard(keys.spool(UPDATES)) and time.monotonic() < deadline:
            time.sleep(0.02)
    return time.monotonic()


@contextmanager
def _watched(url: str) -> Iterator[list[float]]:
    """Request the health page all the time; the list collects the seconds of each request."""
    stalls: list[float] = []
    ended = threading.Event()

    def watch() -> None:
        with httpx.Client(trust_env=False, timeout=120) as client:
            while not ended.wait(0.05):
                began = time.monotonic()
                client.get(f"{url}/healthz")
                stalls.append(time.monotonic() - began)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield stalls
    finally:
        ended.set()
        watching.join()
