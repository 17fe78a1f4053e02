"""The names of all counters and histograms: fields of two hashes in Redis.

The ledger's scripts, the processes that count and the exporter that reads take them from here. Labels follow
the first word, each after a colon; only the last of them may have colons of its own.
"""

CACHE_MISSES = "cache_misses"
"""Admitted requests that might have shared a result, and found none in the cache."""
JOBS_PASSED_OVER = "jobs_passed_over"
LEASES_EXPIRED = "leases_expired"
PROMPTS_REFUSED = "prompts_refused"
TELEGRAM_DROPPED = "telegram_dropped"
"""Progress edits that were left out."""
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
"""First words of names whose labels only Redis knows."""


def entered(state: str, kind: str, tier: str) -> str:
    """Jobs that entered a state."""
    return f"jobs:{state}:{kind}:{tier}"


def failed(failure: str, kind: str) -> str:
    """Jobs that failed."""
    return f"failures:{failure}:{kind}"


def delivered(way: str, kind: str) -> str:
    """Results that were delivered in one way."""
    return f"deliveries:{way}:{kind}"


def unheard(why: str, kind: str) -> str:
    """Jobs whose end nobody was told of."""
    return f"unheard:{why}:{kind}"


def resumed(stage: str) -> str:
    """Held jobs that another lease went on with."""
    return f"jobs_resumed:{stage}"


def admissions(answer: str) -> str:
    """Requests by what admission answered."""
    return f"admissions:{answer}"


def over_budget(period: str, name: str) -> str:
    """Requests that were turned away for a budget."""
    return f"{OVER_BUDGET}:{period}:{name}"


def spent(model: str) -> str:
    """List price of all submissions, in millionths of a US dollar."""
    return f"{SPENT}:{model}"


def dropped(queue: str) -> str:
    """Items of a durable queue that were given up."""
    return f"dropped:{queue}"


def replies(kept: str) -> str:
    """Replies to people by how they were kept."""
    return f"answers:{kept}"


def broker_refused(queue: str, reason: str) -> str:
    """Messages on the broker that no worker passes on."""
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
    """How long jobs took for a span of their way (jobs.states.SPANS)."""
    return f"job:{name}:{kind}:{tier}"


def polls(model: str) -> str:
    """How many looks at the provider a job took."""
    return f"{POLLS}:{model}"


def lag(model: str) -> str:
    """From the provider's time of completion until it was seen."""
    return f"{LAG}:{model}"


def telegram_seconds(method: str) -> str:
    """How long calls to the Bot API took."""
    return f"{TELEGRAM}:{method}"


def telegram_wait(urgency: str) -> str:
    """How long calls to the Bot API waited for their turn."""
    return f"telegram_wait:{urgency}"


def provider_seconds(provider: str, operation: str, model: str) -> str:
    """How long calls to a provider took."""
    return f"{PROVIDER}:{provider}:{operation}:{model}"
