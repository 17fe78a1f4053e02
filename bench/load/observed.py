"""The whole stack under a real Prometheus that scrapes every second, with simulated users and faults."""

import base64
import itertools
import json
import shutil
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from config.settings import ROOT
from jobs.life import Life
from jobs.model import Lane
from jobs.states import State
from ledger.admin.controls import Controls
from ledger.admin.vips import Vips
from ledger.connection import connect
from monitoring.prometheus_api import Prometheus
from sandbox.embedded import EmbeddedRedis
from sandbox.environment import free_port
from sandbox.processes import Program
from sandbox.stack import PRODUCT, Stack
from stand.telegram.client import StandError

WINDOW = "15s"
"""Value of `$__rate_interval`: a run is short, and scraped every second."""
_KEY = "whsec_" + base64.b64encode(b"the key of a load run").decode()
_PROVIDER = f"--latency image=2,video=5 --sigma 0.4 --seed 1 --fast-media --webhook-secret {_KEY}".split()
_SETTINGS = {
    "WORKER_SLOTS": "12",
    "POLL_FIRST_S": "0.5",
    "POLL_MAX_S": "2",
    "USER_RATE_LIMIT": "6/m, burst 3",
    "SIGNING_SECRET": "signs the ids of a load run",
    "REPLICATE_WEBHOOK_SECRET": _KEY,
    "UNKNOWN_GRACE_S": "10",
    "BUDGET_DAY_USD": "20, video:10",
}
_TROUBLE: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("provider", "429", "create", {"times": 2}),
    ("provider", "500", "get", {"times": 3}),
    ("provider", "drop_answer", "create", {}),
    ("provider", "fail", "prediction", {}),
    ("provider", "refuse", "prediction", {"times": 2}),
    ("provider", "forge", "webhook", {"times": 2}),
    ("telegram", "429", "", {"method": "editMessageText", "times": 2, "retry_after": 1}),
    ("telegram", "502", "", {"method": "editMessageText", "times": 2}),
)
"""The faults, ordered in turn."""


class Observed:
    """A stack with load and a Prometheus; a context manager.

    `prometheus` replies to queries about what `load` did from `began` on (Unix seconds).

    Raises:
        FileNotFoundError: No `prometheus` is on PATH.
    """

    def __init__(self, users: int = 24, vips: int = 4, seed: int = 1) -> None:
        if shutil.which("prometheus") is None:
            raise FileNotFoundError("prometheus is not installed (Debian: apt install prometheus)")
        self._counts = (users, vips)
        self._random = Random(seed)
        self._numbers = itertools.count(1)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _start(self) -> None:
        cache, exporter, door, server = EmbeddedRedis(free_port()), *(free_port() for _ in range(3))
        self._open.enter_context(cache)
        folder = Path(self._open.enter_context(TemporaryDirectory(prefix="darkroom-observed-")))
        filtered = folder / "filter.txt"
        filtered.write_text("gore\n", encoding="utf-8")
        settings = _SETTINGS | {
            "CACHE_REDIS_URL": cache.url,
            "EXPORTER_PORT": str(exporter),
            "WEBHOOK_BIND": f"127.0.0.1:{door}",
            "PROVIDER_WEBHOOK_URL": f"http://127.0.0.1:{door}",
            "PROMPT_FILTER_FILE": str(filtered),
        }
        self.stack = self._open.enter_context(Stack(PRODUCT, settings, _PROVIDER))
        self.stack.add("exporter", "python -m monitoring.exporter").start()
        self._open.enter_context(_prometheus(folder, server, exporter))
        self.prometheus = self._open.enter_context(Prometheus(f"http://127.0.0.1:{server}", WINDOW))
        users, vips = self._counts
        self._users = [self.stack.telegram.new_user(f"User {n}") for n in range(users)]
        client = connect(self.stack.settings.redis_url)
        self._open.callback(client.close)
        self._controls, self._paused = Controls(client), set[Lane]()
        for user in self._users[:vips]:
            Vips(client).grant(user, (datetime.now(UTC) + timedelta(days=1)).date(), by=0)
        self.began = time.time()

    def load(self, seconds: float, per_s: float, trouble_s: float) -> None:
        """Have users ask at random moments while faults occur.

        A lane is paused for a tenth of the time. In the middle a worker is killed and started again.

        Args:
            seconds: Length of the load.
            per_s: Requests per second.
            trouble_s: Seconds between two faults.
        """
        start = time.monotonic()
        trouble = itertools.cycle(_TROUBLE)
        next_trouble, killed = 2.0, False
        while (now := time.monotonic() - start) < seconds:
            self._ask()
            if now > next_trouble:
                self._make(*next(trouble))
                next_trouble = now + trouble_s
            self._hold(Lane.VID, while_=0.2 < now / seconds < 0.3)
            if now > seconds / 2 and not killed:
                killed = True
                self.stack.programs["worker-image"].kill()
                self.stack.programs["worker-image"].start()
            time.sleep(self._random.expovariate(per_s))

    def _hold(self, lane: Lane, *, while_: bool) -> None:
        """Pause or resume a lane as an admin does, if needed."""
        if while_ and lane not in self._paused:
            self._controls.pause(lane, 0)
            self._paused.add(lane)
        elif not while_ and lane in self._paused:
            self._controls.resume(lane, 0)
            self._paused.remove(lane)

    def settle(self, seconds: float) -> None:
        """Wait until the jobs in progress have ended, at most `seconds`, and until that has been scraped."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.prometheus.now("sum(jobs_in_state)")
            if found and found[0].points[-1][1] == 0:
                break
            time.sleep(0.5)
        time.sleep(3)

    def lives(self) -> list[Life]:
        """Return the histories of delivered jobs, the latest jobs of each user."""
        jobs = [job for user in self._users for job in self.stack.users.history(user, limit=50)]
        return [
            Life(job, self.stack.trails.of(job), time.time()) for job in jobs if job.state is State.DELIVERED
        ]

    def _ask(self) -> None:
        user, draw = self._random.choice(self._users), self._random.random()
        number = next(self._numbers)
        words = {
            draw < 0.10: "a red fox that many want",
            0.10 <= draw < 0.13: "gore",
            0.13 <= draw < 0.16: f"nsfw {number}",
        }.get(True, f"a fox number {number}")
        command = "/video" if self._random.random() < 0.25 else "/image"
        said = self.stack.telegram.send(user, f"{command} {words}")
        if 0.16 <= draw < 0.24:
            self._regret(user, said["message_id"], delete=draw < 0.20)

    def _regret(self, user: int, asked: int, *, delete: bool) -> None:
        """Delete the bot's status message, or press its Cancel, if it is there by now."""
        time.sleep(0.3)
        for message in self.stack.telegram.messages(user):
            if (message.get("reply_to_message") or {}).get("message_id") == asked:
                try:
                    if delete:
                        self.stack.telegram.delete(user, message["message_id"])
                    else:
                        self.stack.telegram.press(user, message["message_id"], "Cancel")
                except StandError:
                    return

    def _make(self, whose: str, kind: str, on: str, more: dict[str, Any]) -> None:
        if whose == "provider":
            self.stack.provider.fault(kind, on, **more)
        else:
            self.stack.telegram.fault(kind, **more)


def _prometheus(folder: Path, port: int, exporter: int) -> Program:
    """Return a Prometheus that scrapes the exporter every second, with the dashboards' recording rules."""
    rules = ROOT / "monitoring" / "prometheus" / "recording.yml"
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {"job_name": "darkroom", "static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}]}
        ],
    }
    # JSON is YAML too.
    (folder / "prometheus.yml").write_text(json.dumps(settings), encoding="utf-8")
    return Program(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        ready="Server is ready to receive web requests",
    )
