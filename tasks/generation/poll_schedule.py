"""When to poll a prediction: decided from how long the model's recent predictions took. Pure.

A look (one poll) costs a request of the provider's rate limit; a late look costs the person waiting time.
`PRICE_S` says how many seconds of waiting one request is worth. A plan is the sequence of looks with the
least expected sum of both costs, given the recent durations. All times are in seconds since the submission.
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
"""Seconds of waiting that one request is worth. Measured (`python -m bench polling`): about half the plain
backoff's requests at two thirds of its lag."""
_STEPS = 48
"""Number of steps between the moments that a plan chooses from, shortest to longest duration."""


class Rhythm(Protocol):
    """A sequence of looks. It depends only on the time, so that any worker can go on with it."""

    def wait(self, elapsed: float) -> float:
        """Return the seconds until the next look at a prediction that still ran after `elapsed` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff from `begin` on. The first wait takes `first` seconds, and each next wait `factor`
    times as long, up to `longest` seconds."""

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
    """Return the rhythm for a prediction: a plan, or the plain backoff for a model without past durations.

    From 3.6 active predictions for each of POLLS_PER_S on, the price of a look grows with their number. All
    workers together then stay at about POLLS_PER_S (`python -m bench polling`). Where one look at each
    prediction every POLL_MAX_S would exceed POLLS_PER_S, waits grow beyond POLL_MAX_S.

    Args:
        settings: Has the backoff and POLLS_PER_S.
        durations: How long the model's recent predictions took (s).
        active: How many predictions all workers wait for.
    """
    # Rounded, so that a small change of the crowd finds its plan in the cache of `_looks`.
    crowd = max(1.0, round(active / (3.6 * settings.polls_per_s), 1))
    longest = max(settings.poll_max_s, active / settings.polls_per_s)
    backoff = Backoff(min(longest, settings.poll_first_s * crowd), settings.poll_factor, longest)
    known = sorted(seconds for seconds in durations if seconds > 0)
    if not known:
        return backoff
    # At the best spacing, the number of looks falls with the square root of their price.
    moments, after = _looks(tuple(known), PRICE_S * crowd**2)
    return Plan(moments, after, replace(backoff, begin=moments[-1]))


def overdue(settings: Settings, durations: Sequence[float], deadline_s: float) -> float:
    """Return when to take a missing webhook for lost, in seconds since the submission.

    That is POLL_MAX_S after three times the longest past duration, but at the latest at half the deadline. So
    a prediction that still runs is hardly ever polled. While fewer than REMEMBERED durations are known, half
    the deadline holds, because short predictions are the first to be known.
    """
    if len(durations) < REMEMBERED:
        return deadline_s / 2
    return min(deadline_s / 2, 3 * max(durations) + settings.poll_max_s)


@lru_cache(maxsize=64)
def _looks(known: tuple[float, ...], price: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return `moments` and `after` of the plan with the least expected cost. Dynamic programming finds it
    backwards from the last moment."""
    moments, shares = _distribution(known)
    areas = [0.0]
    for (start, end), (low, high) in zip(pairwise(moments), pairwise(shares), strict=True):
        areas.append(areas[-1] + (end - start) * (low + high) / 2)
    last = len(moments) - 1
    costs, best = [0.0] * len(moments), [last] * len(moments)
    for now in range(last - 1, -1, -1):
        # The look is made for the share of predictions that is not done by now. The time that those wait for
        # the look, summed up, is the area between the curve and its height now.
        look, height = price * (1 - shares[now]), shares[now]
        base = areas[now] - height * moments[now]
        costs[now], best[now] = min(
            (look + areas[then] - height * moments[then] - base + costs[then], then)
            for then in range(now + 1, last + 1)
        )
    return tuple(moments), tuple(moments[then] for then in best)


def _distribution(known: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return evenly spaced moments, and the share of predictions that is done by each of them.

    Each gap between two past durations holds an equal share. So do a gap below the shortest and one above the
    longest. The fewer durations are known, the wider these two gaps are.
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
