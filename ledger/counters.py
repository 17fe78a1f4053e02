"""The names of all counters and histograms: fields of two hashes in Redis.

The ledger's scripts, the processes that count and the exporter all take the names from here. Each function
returns the name of the counter or histogram that its docstring describes. The labels follow the first word of
a name, each after a colon; only the last label may have colons of its own.
"""

CACHE_MISSES = "cache_misses"
"""Admitted requests that could have used a cached result, and found none."""
JOBS_PASSED_OVER = "jobs_passed_over"
LEASES_EXPIRED = "leases_expired"
PROMPTS_REFUSED = "prompts_refused"
TELEGRAM_DROPPED = "telegram_dropped"
"""Edits of a job's progress that were skipped."""
TOKENS_GIVEN_BACK = "tokens_given_back"
TOKENS_KEPT = "tokens_kept"
UPDATES_IGNORED = "updates_ignored"

OVER_BUDGET = "over_budget"
PROVIDER = "provider"
SPENT = "spend_millionths"
TELEGRAM = "telegram"
WEBHOOKS = "webhooks"
POLLS = "polls"
LAG = "lag"
"""First words of names whose labels the exporter learns only from Redis."""


def entered(state: str, kind: str, tier: str) -> str:
    """Jobs that entered a state."""
    return f"jobs:{state}:{kind}:{tier}"


def failed(failure: str, kind: str) -> str:
    """Jobs that failed."""
    return f"failures:{failure}:{kind}"


def delivered(way: str, kind: str) -> str:
    """Results that were delivered, by the way of delivery (`ledger.jobs.Way`)."""
    return f"deliveries:{way}:{kind}"


def unheard(why: str, kind: str) -> str:
    """Jobs whose end the chat could not be told, by reason (`ledger.jobs.Unheard`)."""
    return f"unheard:{why}:{kind}"


def resumed(stage: str) -> str:
    """Held jobs that were continued under another lease."""
    return f"jobs_resumed:{stage}"


def admissions(answer: str) -> str:
    """Requests by the result of admission."""
    return f"admissions:{answer}"


def over_budget(period: str, name: str) -> str:
    """Requests that were refused because a budget had no room."""
    return f"{OVER_BUDGET}:{period}:{name}"


def spent(model: str) -> str:
    """List price of all submissions, in millionths of a US dollar."""
    return f"{SPENT}:{model}"


def dropped(queue: str) -> str:
    """Items of a durable queue that were dropped: expired, or handed out too often."""
    return f"dropped:{queue}"


def replies(kept: str) -> str:
    """Replies to people, by the outcome of enqueueing them."""
    return f"answers:{kept}"


def broker_refused(queue: str, reason: str) -> str:
    """Messages on the broker that workers refused, by reason."""
    return f"broker_refused:{queue}:{reason}"


def webhooks(sender: str, outcome: str) -> str:
    """Posts to our webhooks."""
    return f"{WEBHOOKS}:{sender}:{outcome}"


def telegram_calls(method: str, outcome: str) -> str:
    """Calls to the Bot API."""
    return f"{TELEGRAM}:{method}:{outcome}"


def provider_calls(provider: str, operation: str, outcome: str, model: str) -> str:
    """Calls to a provider."""
    return f"{PROVIDER}:{provider}:{operation}:{outcome}:{model}"


# Histograms.


def span(name: str, kind: str, tier: str) -> str:
    """Seconds that jobs took for one of the spans in `jobs.states.SPANS`."""
    return f"job:{name}:{kind}:{tier}"


def polls(model: str) -> str:
    """Polls of the provider per job."""
    return f"{POLLS}:{model}"


def lag(model: str) -> str:
    """Seconds from the provider's time of completion until the worker saw it."""
    return f"{LAG}:{model}"


def telegram_seconds(method: str) -> str:
    """Seconds that calls to the Bot API took."""
    return f"{TELEGRAM}:{method}"


def telegram_wait(urgency: str) -> str:
    """Seconds that calls to the Bot API waited for the rate limit."""
    return f"telegram_wait:{urgency}"


def provider_seconds(provider: str, operation: str, model: str) -> str:
    """Seconds that calls to a provider took."""
    return f"{PROVIDER}:{provider}:{operation}:{model}"
