"""Admission: one atomic decision in Redis about each request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from config.budgets import MILLIONTHS
from config.settings import Settings
from jobs import model
from jobs.digest import digest_of
from jobs.limits import Rate
from jobs.model import Artifact, Job, Kind, Lane, Origin, Request, Tier
from ledger.jobs import HISTORY
from ledger.limits.budgets import next_of
from ledger.pipeline import SharedPipeline


@dataclass(frozen=True, slots=True)
class Accepted:
    """A new job. In the state `sharing` it gets the result of an identical job that is being made."""

    job: Job


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same request was admitted before, as this job."""

    job: Job


@dataclass(frozen=True, slots=True)
class Cached:
    """A new job whose result was in the cache; it only has to be delivered."""

    job: Job


@dataclass(frozen=True, slots=True)
class Limited:
    """The user's bucket is empty; the next token comes in `retry_after_s` seconds.

    `first`: this chat has not been told so yet.
    """

    retry_after_s: float
    first: bool


@dataclass(frozen=True, slots=True)
class Busy:
    """There is no room: the user has `size` active jobs (`lane` is None), or `size` jobs wait in the lane.

    `first`: this chat was not told so in the last TELL_AGAIN_S.
    """

    lane: Lane | None
    size: int
    first: bool = True


@dataclass(frozen=True, slots=True)
class OverBudget:
    """A budget has no room for the job's price.

    Attributes:
        period: `day` or `month`.
        name: The budget's name.
        ends: The day (UTC) at whose beginning the budget is renewed.
        never: Whether the job costs more than the whole budget.
        first: Whether this chat was not told so in the last TELL_AGAIN_S.
    """

    period: str
    name: str
    ends: date
    never: bool = False
    first: bool = True


@dataclass(frozen=True, slots=True)
class Blocked:
    """An admin has blocked the user."""


TELL_AGAIN_S = 10
"""Time (s) for which a user who was told in a chat that there is no room is not told so there again."""

FOLLOWERS = 500
"""Most jobs that share the result of one. They are all settled in one script, during which Redis does nothing
else. The next identical request is made by itself, and the requests after it share that job's result."""

Answer = Accepted | Duplicate | Cached | Limited | Busy | OverBudget | Blocked


@dataclass(frozen=True, slots=True)
class Hit:
    """A result from the cache.

    Attributes:
        artifact: The file in the media store.
        file_id: Telegram's name for the file; "" where it is not known.
        seed: The seed that was drawn for the result; 0 where none was drawn or it is not known.
    """

    artifact: Artifact
    file_id: str
    seed: int = 0


class Admission:
    """The admission of requests. One instance per event loop."""

    def __init__(self, pipeline: SharedPipeline, settings: Settings, rates: Mapping[Tier, Rate]) -> None:
        self._pipeline = pipeline
        self._terms = {
            "rates": {
                tier: {"per_ms": rate.per_s / 1000, "burst": rate.burst} for tier, rate in rates.items()
            },
            "active": {Tier.REGULAR: settings.active_jobs, Tier.VIP: settings.vip_active_jobs},
            "backlog": settings.lane_backlog,
            "fair_share": round(settings.fair_share_s * 1000),
            "look_again": round(settings.unpublished_s * 1000),
            "history": HISTORY,
            "tell_again": TELL_AGAIN_S * 1000,
            "followers": FOLLOWERS,
            "budgets": settings.budgets().by_period(),
        }

    async def admit(
        self,
        job_id: str,
        request: Request,
        origin: Origin,
        *,
        fresh: bool = False,
        hit: Hit | None = None,
        price_usd: float = 0.0,
        provider: str = "",
    ) -> Answer:
        """Turn a request into a job, or return why not, in one atomic step.

        A token of the user's bucket is taken exactly when the result is Accepted or Cached. The price is
        reserved in the budgets if the job is to be made, and not if it shares a result or has a cached one.

        Args:
            job_id: The id of the new job, which follows from the request (jobs.ids).
            fresh: Whether the user wants a result of their own, neither shared nor cached.
            hit: The cached result for the request, if there is one.
            price_usd: The list price of the job.
            provider: The provider that would make the job.

        Raises:
            LedgerUnavailable: Redis does not answer; the job may have been admitted or not.
        """
        record = model.new_record(request, origin) | {
            "digest": "" if fresh else digest_of(request),
            "price": f"{price_usd:.6f}",
            "provider": provider,
        }
        price = round(price_usd * MILLIONTHS)
        ask: dict[str, Any] = {
            **self._terms,
            "record": record,
            "lanes": _lanes(request.kind),
            "price": price,
        }
        if hit is not None and not fresh:
            ask["cached"] = _fields_of(hit)
        word, *rest = await self._pipeline.script("admit", job_id, json.dumps(ask))
        return _answer(job_id, word, rest)


def _fields_of(hit: Hit) -> dict[str, str]:
    """Return the fields of a job's record for a result from the cache."""
    fields = model.artifact_fields(hit.artifact) | {"file_id": hit.file_id, "seed": hit.seed, "cached": "1"}
    return {name: str(value) for name, value in fields.items()}


def _lanes(kind: Kind) -> dict[Tier, Lane]:
    return {tier: Lane.of(kind, tier) for tier in Tier}


def _answer(job_id: str, word: str, rest: list[Any]) -> Answer:
    if word == "limited":
        return Limited(rest[0] / 1000, first=bool(rest[1]))
    if word == "busy":
        return Busy(None if rest[0] == "active" else Lane(rest[0]), int(rest[1]), first=bool(rest[2]))
    if word == "over_budget":
        period, name, never, day, first = rest
        ends = next_of(period, date.fromisoformat(day))
        return OverBudget(period, name, ends, never=bool(never), first=bool(first))
    if word == "blocked":
        return Blocked()
    job = model.from_flat(job_id, rest[0])
    if word == "duplicate":
        return Duplicate(job)
    return Cached(job) if word == "cached" else Accepted(job)
