"""One system's trial: a steady load, a burst, and a burst in which one of its two workers is killed."""

import contextlib
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import psutil

from bench.harness import usage
from bench.harness.deployment import webhooks
from bench.harness.report import percentile
from bench.harness.stage import UNLIMITED
from bench.peers.arrivals import pictures
from bench.peers.systems import LIBRARIES, Darkroom, Peer, System
from sandbox.processes import Program
from sandbox.stack import Stack

WITH_WEBHOOKS = "darkroom, webhooks"
"""The product as recommended for production; the peers have no webhooks."""
_WARM_S = 0.2
_STARTS_S = 90.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a trial.

    Attributes:
        slots: Slots of all workers together.
        seconds: Mean time of a prediction.
        sigma: The spread of that time (log-normal).
        steady: Jobs of the steady load.
        load: Their rate, as a share of what the slots can do.
        burst: Jobs of the burst, all at once.
        patience_s: Longest wait for the jobs' delivery after the SIGKILL.
    """

    slots: int = 100
    seconds: float = 4.0
    sigma: float = 0.3
    steady: int = 200
    load: float = 0.4
    burst: int = 500
    patience_s: float = 100.0


def run(name: str, plan: Plan) -> dict[str, Any]:
    """Run all three parts and return the figures with the keys of `bench peers`."""
    options = (
        f"--fast-media --latency image={plan.seconds},video={plan.seconds} --sigma {plan.sigma} --seed 1 "
        "--creates-per-min 1000000 --others-per-min 1000000"
    )
    with ExitStack() as open_:
        settings, more = webhooks() if name == WITH_WEBHOOKS else ({}, ())
        stack = open_.enter_context(Stack((), UNLIMITED | settings, [*options.split(), *more]))
        stack.telegram.limits(enabled=False)
        library = LIBRARIES.get(name)
        system: System = (
            Peer(stack, library, plan.slots)
            if library
            else Darkroom(stack, plan.slots, bot=name == WITH_WEBHOOKS)
        )
        programs = [*system.services, *system.others]
        for program in programs:
            open_.enter_context(closing(program))
        with ThreadPoolExecutor(len(programs)) as starting:
            list(starting.map(Program.start, programs))
        trial = _Trial(stack, system, plan)
        trial.warm()
        return {"slots": plan.slots, **trial.steady(), **trial.burst(), **trial.killed()}


class _Trial:
    def __init__(self, stack: Stack, system: System, plan: Plan) -> None:
        self._stack = stack
        self._system = system
        self._plan = plan

    def warm(self) -> None:
        """Run jobs until all workers are ready."""
        self._stack.provider.settings(image_mean_s=_WARM_S)
        chat, sent = self._push(2 * self._plan.slots, 0.0, "warm")
        pictures(self._stack.telegram, chat, sent, _STARTS_S)
        self._stack.provider.settings(image_mean_s=self._plan.seconds)

    def steady(self) -> dict[str, Any]:
        """Measure a job's time beyond the provider's own, with a free slot for each job."""
        rate = self._plan.load * self._plan.slots / self._plan.seconds
        chat, sent = self._push(self._plan.steady, rate, "steady")
        arrived = pictures(self._stack.telegram, chat, sent, 60.0)
        made = {each["input"]["prompt"]: each for each in self._stack.provider.predictions()}
        own = [
            1000 * (arrived[prompt][0] - at - made[prompt]["latency"])
            for prompt, at in sent.items()
            if prompt in arrived
        ]
        return {
            "own_ms": {"p50": round(percentile(own, 50)), "p99": round(percentile(own, 99))},
            "steady_delivered": len(arrived),
            "polls_per_job": round(sum(made[prompt]["gets"] for prompt in sent) / len(sent), 2),
        }

    def burst(self) -> dict[str, Any]:
        """Measure jobs per second and memory with all slots taken."""
        with usage.memory_over_time([*self._system.services, *self._system.others]) as seen:
            chat, sent = self._push(self._plan.burst, 0.0, "burst")
            arrived = pictures(self._stack.telegram, chat, sent, 120.0)
        last = max(at for times in arrived.values() for at in times)
        return {
            "burst_lost": self._plan.burst - len(arrived),
            "jobs_per_s": round(len(arrived) / (last - min(sent.values())), 2),
            "slots_could_do_per_s": round(self._plan.slots / self._plan.seconds, 2),
            "memory_mb_per_100": round(max(seen) / 2**20 * 100 / self._plan.slots, 1),
        }

    def killed(self) -> dict[str, Any]:
        """SIGKILL a worker while all slots are taken, and start it again a second later.

        It is the worker that has used the most CPU for these jobs: some take more messages than their share.
        """
        count, before = self._plan.slots, self._stack.provider.total()
        services = self._system.services
        used = {each.pid: usage.cpu_seconds([each]) for each in services}
        chat, sent = self._push(count, 0.0, "killed")
        # A system that divides messages unevenly never has all of them in flight.
        with contextlib.suppress(TimeoutError):
            self._stack.provider.wait_for_submissions(before + count, seconds=self._plan.seconds)
        victim = max(services, key=lambda each: usage.cpu_seconds([each]) - used[each.pid])
        at = time.time()
        _kill(victim)
        time.sleep(1)
        victim.start()
        arrived = pictures(self._stack.telegram, chat, sent, self._plan.patience_s)
        paid = Counter(each["prompt"] for each in self._stack.provider.submissions())
        return {
            "killed": count,
            "killed_delivered": len(arrived),
            "lost": count - len(arrived),
            "paid_again": sum(paid[prompt] - 1 for prompt in sent if paid[prompt] > 1),
            "delivered_again": sum(len(times) - 1 for times in arrived.values()),
            "all_within_s": round(max(times[0] for times in arrived.values()) - at, 1),
        }

    def _push(self, count: int, per_s: float, prefix: str) -> tuple[int, Mapping[str, float]]:
        chat = self._stack.telegram.new_user(prefix)
        return chat, self._system.push(chat, count, per_s, prefix)


def _kill(victim: Program) -> None:
    """SIGKILL all processes of a worker at once, also those outside of its group (as RQ's are)."""
    family = psutil.Process(victim.pid).children(recursive=True)
    victim.kill()
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
