"""When to look at a prediction: decided from how long the model's predictions took. Pure.

A look costs a request of the provider's limit; looking later costs the person time. `PRICE_S` says how many
seconds of waiting one request is worth, and a plan is the sequence of looks with the least expected sum of
both, given the durations of the recent past. All times are in seconds since the submission.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

from config.settings import Settings
from ledger.queue_position import REMEMBERED

PRICE_S = 0.5
"""Measured (`python -m bench polling`): about half the plain backoff's requests at two thirds of its lag."""
_STEPS = 48
"""The moments between the shortest and the longest duration that a plan chooses from."""


class Rhythm(Protocol):
    """A sequence of looks; it depends on nothing but the time, so any worker can go on with it."""

    def wait(self, elapsed: float) -> float:
        """Seconds until the next look at a prediction that was not done after `elapsed` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits of `first` seconds at `begin`, each `factor` times the one before it, at most `longest`."""

    first: float
    factor: float
    longest: float
    begin: float = 0.0

    def wait(self, elapsed: float) -> float:
        """See Rhythm."""
        # The sum of a geometric series: after n waits, elapsed * (factor - 1) = first * factor^n - first.
        return min(self.longest, self.first + max(0.0, elapsed - self.begin) * (self.factor - 1))


@dataclass(frozen=True, slots=True)
class Plan:
    """Looks that follow a model's past durations, and `tail` for predictions that outlast them all.

    `after[i]` is the best look for a prediction that is not done at `moments[i]`.
    """

    moments: tuple[float, ...]
    after: tuple[float, ...]
    tail: Backoff

    def wait(self, elapsed: float) -> float:
        """See Rhythm."""
        if elapsed >= self.moments[-1]:
            return self.tail.wait(elapsed)
        return self.after[max(0, bisect_right(self.moments, elapsed) - 1)] - elapsed


def rhythm(settings: Settings, durations: Sequence[float], active: int) -> Rhythm:
    """The rhythm for a new look-out: a plan, or for a model without past durations the plain backoff.

    `active` predictions are waited for by all workers together. From 3.6 for each of POLLS_PER_S on, a look
    is dearer the more there are, so that all together stay about there (`python -m bench polling`); and where
    a look each POLL_MAX_S is more than that, the waits grow beyond it.
    """
    # In steps, so that a crowd that hardly changes need not be planned for anew.
    crowd = max(1.0, round(active / (3.6 * settings.polls_per_s), 1))
    longest = max(settings.poll_max_s, active / settings.polls_per_s)
    backoff = Backoff(min(longest, settings.poll_first_s * crowd), settings.poll_factor, longest)
    known = sorted(seconds for seconds in durations if seconds > 0)
    if not known:
        return backoff
    # Looks at the best spacing fall with the root of their price.
    moments, after = _looks(tuple(known), PRICE_S * crowd**2)
    return Plan(moments, after, replace(backoff, begin=moments[-1]))


def overdue(settings: Settings, durations: Sequence[float], deadline_s: float) -> float:
    """When a webhook that should have come must be taken for lost, so late that a prediction which still
    runs is hardly ever asked for: POLL_MAX_S after three times the longest past duration, at the latest half
    the deadline. At half the deadline too while few are known: the first to be known are the short ones."""
    if len(durations) < REMEMBERED:
        return deadline_s / 2
    return min(deadline_s / 2, 3 * max(durations) + settings.poll_max_s)


@lru_cache(maxsize=64)
def _looks(known: tuple[float, ...], price: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """`moments` and `after` of the plan of the least expected cost, found backwards from the last moment
    (dynamic programming)."""
    moments, shares = _distribution(known)
    areas = [0.0]
    for (start, end), (low, high) in zip(pairwise(moments), pairwise(shares), strict=True):
        areas.append(areas[-1] + (end - start) * (low + high) / 2)
    last = len(moments) - 1
    costs, best = [0.0] * len(moments), [last] * len(moments)
    for now in range(last - 1, -1, -1):
        # The look is made for the share that is not done by now; what that share waits for it altogether is
        # the area between the curve and its height now.
        look, height = price * (1 - shares[now]), shares[now]
        base = areas[now] - height * moments[now]
        costs[now], best[now] = min(
            (look + areas[then] - height * moments[then] - base + costs[then], then)
            for then in range(now + 1, last + 1)
        )
    return tuple(moments), tuple(moments[then] for then in best)


def _distribution(known: Sequence[float]) -> tuple[list[float], list[float]]:
    """Evenly spaced moments, and the share of predictions that is done by each of them.

    Between two past durations lies an equal share; the same lies below the shortest and above the longest,
    the wider the fewer are known.
    """
    ends = [known[0] * (1 - 1 / (len(known) + 1)), *known, known[-1] * (1 + 1 / (len(known) + 1))]
    step = (ends[-1] - ends[0]) / _STEPS
    moments = [ends[0] + step * number for number in range(_STEPS)] + [ends[-1]]
    shares, at = [], 0
    for moment in moments:
        while at < len(ends) - 2 and ends[at + 1] < moment:
            at += 1
        within = (moment - ends[at]) / (ends[at + 1] - ends[at]) if ends[at + 1] > ends[at] else 1.0
        shares.append((at + min(1.0, within)) / (len(ends) - 1))
    return moments, shares
