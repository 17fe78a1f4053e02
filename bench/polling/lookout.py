"""The simulation of polling: jobs wait for their predictions on virtual time.

Simulated are the provider, its webhooks, and the durations remembered in Redis. `tasks.generation.polling`
and everything below it run unchanged. Requests take no time.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from bench.harness.report import percentile
from bench.polling import traces
from bench.polling.virtual import Sleeper, VirtualTime
from config.settings import Settings
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from ledger.queue_position import REMEMBERED
from providers.base import Prediction, Status
from tasks.generation.polling import Polling

_SPREAD_S, _LEARNING_S = 60.0, 240.0
"""The first jobs of a crowd begin spread over `_SPREAD_S`; the measurement begins after `_LEARNING_S`."""
WEBHOOK_S = 0.1
"""Delay of a webhook (s): from a prediction's end to the slot's wake-up."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A way of polling: the settings, whether durations are remembered, and the share of lost webhooks."""

    name: str
    settings: Settings
    learns: bool = True
    lost: float = 0.0


_ANY = 1e9
FIXED = Policy(
    "fixed 1 s", Settings(poll_first_s=1, poll_factor=1, poll_max_s=1, polls_per_s=_ANY), learns=False
)
BACKOFF = Policy("backoff 2 s x1.2 to 10 s", Settings(polls_per_s=_ANY), learns=False)
OURS = Policy("ours", Settings())
HINTED = Policy("ours with webhooks", Settings(provider_webhook_url="https://bot.example"))
LOSSY = replace(HINTED, name="ours, 5 % of webhooks lost", lost=0.05)


@dataclass(slots=True)
class Found:
    """The result of a simulation: the delay (s) with which each end was noticed, and the times of polls."""

    lags: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Return the figures with the keys of the benchmark's JSON."""
        return {
            "requests_per_job": round(len(self.looks) / max(1, len(self.lags)), 3),
            "mean_lag_s": round(sum(self.lags) / max(1, len(self.lags)), 3),
            "p95_lag_s": round(percentile(self.lags, 95), 3),
            "max_lag_s": round(max(self.lags, default=0.0), 3),
            "jobs": len(self.lags),
        }


class Lookout:
    """Simulates all jobs of one account under one policy.

    `time` is the virtual time; `found` collects the result meanwhile.
    """

    def __init__(self, policy: Policy, deadline_s: float, seed: int = 1) -> None:
        self.time = VirtualTime()
        self.found = Found()
        self._policy = policy
        self._deadline = deadline_s
        self._random = random.Random(seed)
        self._memory: dict[str, deque[float]] = {}
        self._active = 0
        self._heard = True
        random.seed(seed)  # tenacity's jitter

    # What `tasks.generation.polling` needs of a worker process.

    def show(self, _slot: Any, _percent: int) -> None:
        """Stands in for `tasks.delivery.progress.Progress.show`: there is no chat."""

    def to_ask(self, _slot: Any, _provider: Any) -> None:
        """Stands in for `tasks.generation.calls.Calls.to_ask`: the provider's limits never matter here."""

    def typical_s(self, _job: Job) -> float:
        """Stands in for `tasks.generation.terms.Terms.typical_s`."""
        return 10.0

    def deadline_s(self, _job: Job) -> float:
        """Stands in for `tasks.generation.terms.Terms.deadline_s`."""
        return self._deadline

    def past(self, model: str) -> tuple[list[float], int]:
        """Stands in for `ledger.queue_position.QueuePositions.past`."""
        return list(self._memory.get(model, ())) if self._policy.learns else [], self._active

    @property
    def hinted(self) -> bool:
        """Stands in for `tasks.slots.Slots.hinted`."""
        return self._heard

    def unheard(self) -> None:
        """Note that a webhook was lost."""
        self._heard = False

    # The simulation itself.

    def add(self, moment: float, model: str, took: float, then: Callable[[], None] | None = None) -> None:
        """Submit a prediction at a moment.

        Args:
            moment: The virtual time (s).
            model: The model.
            took: How long the prediction takes (s).
            then: Called when its end was noticed.
        """
        self.time.start(moment, lambda: self._job(model, took, then))

    def _job(self, model: str, took: float, then: Callable[[], None] | None) -> None:
        began = self.time.now
        request, origin = Request(Kind.IMAGE, model, "a fox"), Origin(1, 1, 1)
        job = Job("fox", request, origin, Tier.REGULAR, Lane.IMG, State.RUNNING, stamps={"running": began})
        slot = Sleeper(self.time, job)
        self._active += 1

        def get(prediction: str) -> Prediction:
            self.found.looks.append(self.time.now)
            over = self.time.now >= began + took
            if not over:
                return Prediction(prediction, Status.RUNNING)
            return Prediction(prediction, Status.SUCCEEDED, created=began, completed=began + took)

        if self._policy.settings.provider_webhook_url and self._random.random() >= self._policy.lost:
            self.time.at(began + took + WEBHOOK_S, lambda: self._hear(slot))
        here: Any = self
        asked: Any = SimpleNamespace(get=get)
        there: Any = slot
        polling = Polling(
            self._policy.settings, waiting=here, slots=here, calls=here, terms=here, progress=here
        )
        polling.ended(there, asked, Prediction("p", Status.QUEUED), self.time.clock)
        self._active -= 1
        self.found.lags.append(self.time.now - began - took)
        self._memory.setdefault(model, deque(maxlen=REMEMBERED)).appendleft(took)
        if then is not None:
            then()

    def _hear(self, slot: Sleeper) -> None:
        self._heard = True
        slot.wake()


def follow(policy: Policy, durations: Iterable[float], per_s: float, deadline_s: float) -> Found:
    """Simulate one model's jobs, which arrive as a Poisson process of `per_s` jobs a second."""
    lookout, arrivals, moment = Lookout(policy, deadline_s), random.Random(7), 0.0
    for took in durations:
        moment += arrivals.expovariate(per_s)
        lookout.add(moment, "model", took)
    lookout.time.run()
    return lookout.found


def crowd(policy: Policy, active: int, seconds: float, deadline_s: float = 600.0) -> Found:
    """Simulate `active` jobs at every moment, for `seconds`.

    As in the load runs, 85 % of the submissions are images and 15 % videos. The measurement begins after a
    time in which the policy learns.
    """
    lookout, dice = Lookout(policy, deadline_s), random.Random(11)

    def another(moment: float) -> None:
        shape = traces.image if dice.random() < traces.IMAGES else traces.video
        lookout.add(moment, shape.__name__, shape(dice, 0.0), lambda: another(lookout.time.now))

    for number in range(active):
        another(number * _SPREAD_S / active)
    lookout.time.run(_LEARNING_S)
    lookout.found = Found()
    lookout.time.run(_LEARNING_S + seconds)
    return lookout.found
