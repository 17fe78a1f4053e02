"""A prediction as the provider stores and shows it, and the store of all predictions."""

import asyncio
import base64
import collections
import dataclasses
import itertools
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from stand.provider import progress
from stand.provider.faults import Fault
from stand.provider.http.errors import not_found
from stand.provider.models import Model

Json = dict[str, Any]
ENDED = frozenset({"succeeded", "failed", "canceled", "aborted"})


def moment(at: float) -> datetime:
    """Return a Unix time as a datetime, to the microsecond."""
    return datetime.fromtimestamp(at, UTC)


def stamp(at: float) -> str:
    """Return a Unix time in Replicate's format: `2025-01-01T00:00:00.000000Z`."""
    return moment(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_id() -> str:
    """Return a new id: 26 lower-case base-32 characters, like Replicate's."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


@dataclasses.dataclass(eq=False)
class Prediction:
    """One run of a model. `latency` is its planned time (s) from creation to completion."""

    model: Model
    input: Json
    account: str
    key: str
    latency: float
    seed: int
    webhook: str | None = None
    events: frozenset[str] = frozenset()
    deadline: float | None = None
    fault: Fault | None = None
    id: str = dataclasses.field(default_factory=new_id)
    number: int = 0
    created_at: float = dataclasses.field(default_factory=time.time)
    started_at: float | None = None
    completed_at: float | None = None
    status: str = "starting"
    output: Any = None
    error: str | None = None
    progress: float | None = None
    gets: int = 0
    released: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    ended: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    @property
    def prompt(self) -> str:
        """The prompt of the input."""
        return str(self.input.get("prompt", ""))

    @property
    def start_delay(self) -> float:
        """Seconds in `starting`: short for a fast model, up to one second for a slow one."""
        return min(1.0, self.latency / 10)

    def start(self) -> None:
        """Go from `starting` to `processing`."""
        self.status, self.started_at = "processing", time.time()

    def end(self, status: str, *, output: Any = None, error: str | None = None) -> bool:
        """Enter a final status; return False if there was one already."""
        if self.status in ENDED:
            return False
        self.output, self.error, self.completed_at = output, error, time.time()
        self.status = status
        self.ended.set()
        return True

    def logs(self) -> str:
        """Return the model's log so far."""
        if self.started_at is None:
            return ""
        run = max(self.latency - self.start_delay, 0.001)
        if self.status == "succeeded":
            done = self.model.steps
        else:
            passed = (self.completed_at or time.time()) - self.started_at
            share = passed / run if self.progress is None else self.progress
            done = min(int(share * self.model.steps + 1e-9), self.model.steps - 1)
        return progress.logs(self.seed, done, self.model.steps, run)

    def json(self, base_url: str, ttl: float) -> Json:
        """Return the body of `GET /v1/predictions/{id}`; its data is removed `ttl` seconds after the end."""
        removed = self.completed_at is not None and time.time() > self.completed_at + ttl
        shown: Json = {
            "id": self.id,
            "model": self.model.ref,
            "version": self.model.version,
            "input": {} if removed else self.input,
            "logs": "" if removed else self.logs(),
            "output": None if removed else self.output,
            "data_removed": removed,
            "error": self.error,
            "source": "api",
            "status": self._shown_status(),
            "created_at": stamp(self.created_at),
            "urls": {
                "web": f"{base_url}/p/{self.id}",
                "get": f"{base_url}/v1/predictions/{self.id}",
                "cancel": f"{base_url}/v1/predictions/{self.id}/cancel",
            },
        }
        if self.deadline is not None:
            shown["deadline"] = stamp(self.deadline)
        if self.started_at is not None:
            shown["started_at"] = stamp(self.started_at)
        if self.completed_at is not None:
            shown["completed_at"] = stamp(self.completed_at)
            ran = self.completed_at - (self.started_at or self.completed_at)
            shown["metrics"] = {"predict_time": ran, "total_time": self.completed_at - self.created_at}
        return shown

    def _shown_status(self) -> str:
        if self.fault and self.fault.kind == "unknown_status" and self.status == "processing":
            return self.fault.unknown_status
        return self.status


class Predictions:
    """All predictions since the start, at most `bound`: the oldest ended ones are dropped first."""

    def __init__(self, bound: int = 20_000) -> None:
        self._bound = bound
        self._numbers = itertools.count(1)
        self._by_id: collections.OrderedDict[str, Prediction] = collections.OrderedDict()

    def __iter__(self) -> Iterator[Prediction]:
        """Iterate over the predictions, oldest first."""
        return iter(list(self._by_id.values()))

    def add(self, prediction: Prediction) -> None:
        """Store a prediction and number it."""
        prediction.number = next(self._numbers)
        self._by_id[prediction.id] = prediction
        if len(self._by_id) > self._bound:
            oldest = next((p for p in self._by_id.values() if p.status in ENDED), None)
            if oldest is not None:
                del self._by_id[oldest.id]

    def get(self, prediction_id: str, account: str | None = None) -> Prediction:
        """Return the prediction of that id, if given only of that account.

        Raises:
            Problem: 404, there is no such prediction.
        """
        found = self._by_id.get(prediction_id)
        if found is None or account not in (None, found.account):
            raise not_found()
        return found
