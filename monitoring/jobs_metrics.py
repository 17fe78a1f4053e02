"""Metrics of the jobs. The ledger counts each change in the same step that makes it. Pure."""

from collections.abc import Iterable, Iterator
from itertools import product

from prometheus_client.core import Metric

from jobs.failures import Failure
from jobs.model import Kind, Lane, Tier
from jobs.states import ENDED, State
from ledger import counters, histograms
from ledger.jobs import Stage, Unheard, Way
from monitoring.families import counter, gauge, histogram, merged, under
from monitoring.snapshot import Snapshot

SPANS = ("wait", "submit", "generate", "store", "deliver")
"""The stages of a job, between: accepted, claimed, submitted, done at the provider, stored, delivered."""
ANSWERS = ("accepted", "cached", "duplicate", "limited", "busy", "over_budget", "blocked")


def collect(seen: Snapshot) -> Iterator[Metric]:
    """Yield all metrics of the jobs. Series whose labels are known beforehand exist from the start, as 0."""
    yield from ways(seen)
    yield from durations(seen)
    yield from doors(seen)


def ways(seen: Snapshot) -> Iterator[Metric]:
    """Yield the counts of jobs by their states, failures and deliveries."""
    count = seen.counts.get
    yield counter(
        "jobs_total",
        "Jobs that entered a state; delivered, failed and cancelled are the ends.",
        ("type", "status"),
        (
            ((kind, state), sum(count(counters.entered(state, kind, tier), 0) for tier in Tier))
            for kind, state in product(Kind, State)
        ),
    )
    yield gauge(
        "jobs_in_state",
        "Jobs that are in a state now.",
        ("state",),
        (((state,), size) for state, size in seen.states.items()),
    )
    yield gauge(
        "jobs_unaccounted",
        "Accepted jobs that neither ended nor are in any state: always 0.",
        (),
        [((), unaccounted(seen))],
    )
    yield counter(
        "job_failures_total",
        "Failed jobs by reason; fault says whether it was ours (or the provider's) or the user's.",
        ("type", "reason", "fault"),
        (
            ((kind, why, "ours" if why.ours else "theirs"), count(counters.failed(why, kind), 0))
            for kind, why in product(Kind, Failure)
        ),
    )
    yield counter(
        "deliveries_total",
        "Delivered results by the way in which the chat got them.",
        ("way", "type"),
        (((way, kind), count(counters.delivered(way, kind), 0)) for way, kind in product(Way, Kind)),
    )
    yield counter(
        "jobs_unheard_total",
        "Jobs whose end nobody was told of: nobody is there (gone), the chat takes no words (refused), "
        "Telegram was in trouble for too long (late), or we were (broken).",
        ("type", "reason"),
        (((kind, why), count(counters.unheard(why, kind), 0)) for kind, why in product(Kind, Unheard)),
    )
    yield counter(
        "submissions_unknown_total",
        "Paid calls whose outcome nobody knew when they were made.",
        ("type",),
        (
            ((kind,), sum(count(counters.entered(State.UNKNOWN, kind, tier), 0) for tier in Tier))
            for kind in Kind
        ),
    )
    yield counter(
        "jobs_resumed_total",
        "Jobs in progress that another lease went on with.",
        ("stage",),
        (((stage,), count(counters.resumed(stage), 0)) for stage in Stage),
    )
    yield counter(
        "leases_expired_total",
        "Leases that ran out: a worker died, hung or lost Redis.",
        (),
        [((), count(counters.LEASES_EXPIRED, 0))],
    )
    yield counter(
        "jobs_passed_over_total",
        "Looks of the sweep at jobs of which this release could make nothing.",
        (),
        [((), count(counters.JOBS_PASSED_OVER, 0))],
    )
    yield counter(
        "queue_jobs_started_total",
        "Waiting jobs of a lane that a worker has begun with.",
        ("queue_name",),
        started(seen),
    )


def durations(seen: Snapshot) -> Iterator[Metric]:
    """Yield how long jobs took."""
    observed = seen.observations.get
    yield histogram(
        "job_duration_seconds",
        "Processing time of delivered jobs: from the claim by a worker to the delivery.",
        ("type",),
        (
            ((kind,), merged(observed(counters.span("process", kind, tier), {}) for tier in Tier))
            for kind in Kind
        ),
    )
    yield histogram(
        "job_end_to_end_duration_seconds",
        "What a person waits for: from the admission to the delivery.",
        ("type", "tier"),
        (
            ((kind, tier), observed(counters.span("whole", kind, tier), {}))
            for kind, tier in product(Kind, Tier)
        ),
    )
    yield histogram(
        "job_stage_duration_seconds",
        "Time in one stage: wait, submit, generate, store, deliver.",
        ("stage", "type", "tier"),
        (
            ((span, kind, tier), observed(counters.span(span, kind, tier), {}))
            for span, kind, tier in product(SPANS, Kind, Tier)
        ),
    )
    yield histogram(
        "job_polls",
        "Looks at the provider that a job took until it was done there.",
        ("model",),
        ((labels, seen.observations[name]) for name, labels in under(seen.observations, counters.POLLS, 1)),
        histograms.POLLS,
    )
    yield histogram(
        "job_detection_lag_seconds",
        "From the provider's own time of completion until we saw it (two clocks; below 0 counts as 0).",
        ("model",),
        ((labels, seen.observations[name]) for name, labels in under(seen.observations, counters.LAG, 1)),
    )


def doors(seen: Snapshot) -> Iterator[Metric]:
    """Yield the metrics of admission: the results of requests, users, rate-limit tokens and spend."""
    count = seen.counts.get
    yield gauge(
        "users_reachable",
        "People who have used the bot, and whose private chat can be written to.",
        (),
        [((), seen.people)],
    )
    yield counter(
        "admissions_total",
        "Requests by the answer of admission.",
        ("answer",),
        (((answer,), count(counters.admissions(answer), 0)) for answer in ANSWERS),
    )
    yield counter(
        "prompts_refused_total",
        "Requests that the prompt filter did not let through.",
        (),
        [((), count(counters.PROMPTS_REFUSED, 0))],
    )
    yield counter(
        "updates_ignored_total",
        "Messages and presses of people who had used up REFUSED_RATE_LIMIT.",
        (),
        [((), count(counters.UPDATES_IGNORED, 0))],
    )
    yield counter(
        "cache_requests_total",
        "Admitted requests that might share a result, by whether the cache had it.",
        ("result",),
        [(("hit",), count(counters.admissions("cached"), 0)), (("miss",), count(counters.CACHE_MISSES, 0))],
    )
    yield counter(
        "tokens_given_back_total",
        "Rate-limit tokens that users got back.",
        (),
        [((), count(counters.TOKENS_GIVEN_BACK, 0))],
    )
    yield counter(
        "tokens_kept_total",
        "Rate-limit tokens that users did not get back: the jobs failed by our fault and were paid.",
        (),
        [((), count(counters.TOKENS_KEPT, 0))],
    )
    yield counter(
        "provider_spend_usd_total",
        "List price of all submissions, in US dollars.",
        ("model",),
        ((labels, seen.counts[name] / 1e6) for name, labels in under(seen.counts, counters.SPENT, 1)),
    )


def unaccounted(seen: Snapshot) -> int:
    """Return the accepted jobs that neither ended nor are in a state (invariant I7: 0)."""
    ended = sum(seen.total(state) for state in ENDED)
    return seen.total(State.ACCEPTED) - ended - sum(seen.states.values())


def started(seen: Snapshot) -> Iterable[tuple[tuple[str, ...], float]]:
    """Yield the jobs that workers have begun with, by lane."""
    for lane in Lane:
        if lane is Lane.DELIVER:
            yield (lane,), seen.total(State.DELIVERING)
            continue
        yield (
            (lane,),
            sum(
                seen.counts.get(counters.entered(State.CLAIMED, kind, tier), 0)
                for kind, tier in product(Kind, Tier)
                if Lane.of(kind, tier) is lane
            ),
        )
