"""The rules for the settings, each with a sentence for when it does not hold. Pure."""

from collections.abc import Callable, Iterator

from config import extras, media, strength, webhooks
from config.budgets import problem_of
from config.declared import Settings
from config.rates import rate_problem
from config.redis_urls import RedisPlace


def of(s: Settings) -> tuple[tuple[bool, str], ...]:
    """Return every rule as a pair: whether it holds, and the sentence for when it does not."""
    return (
        *webhooks.rules(s),
        *media.rules(s),
        *extras.rules(s),
        *strength.rules(s),
        *_redis("REDIS", s.redis_url, s.redis_master_name, s.ledger_redis),
        *_redis("CACHE_REDIS", s.cache_redis_url, s.cache_redis_master_name, s.cache_redis),
        *_rates(s),
        *_budgets(s),
        (s.backup_keep >= 1, f"BACKUP_KEEP must be at least 1, not {s.backup_keep}."),
        (
            s.keep_jobs_days >= 1,
            f"KEEP_JOBS_DAYS must be at least 1, not {s.keep_jobs_days}: a request that comes again would be "
            "made and paid again.",
        ),
        (s.redis_wait_replicas >= 0, f"REDIS_WAIT_REPLICAS must be at least 0, not {s.redis_wait_replicas}."),
        (
            s.lease_s >= 3 * s.heartbeat_s,
            f"LEASE_S ({s.lease_s:g}) must be at least three times HEARTBEAT_S ({s.heartbeat_s:g}), "
            "or one late renewal loses a job.",
        ),
        (s.polls_per_s > 0, f"POLLS_PER_S must be above 0, not {s.polls_per_s:g}."),
        (
            min(s.replicate_creates_per_min, s.replicate_calls_per_min) >= 1,
            "REPLICATE_CREATES_PER_MIN and REPLICATE_CALLS_PER_MIN must be at least 1.",
        ),
        (s.poll_factor >= 1, f"POLL_FACTOR must be at least 1, not {s.poll_factor:g}."),
        (
            0 < s.poll_first_s <= s.poll_max_s,
            f"POLL_FIRST_S ({s.poll_first_s:g}) must be above 0 and at most POLL_MAX_S ({s.poll_max_s:g}).",
        ),
        (s.worker_slots > 0, f"WORKER_SLOTS must be at least 1, not {s.worker_slots}."),
        (
            s.log_format in ("auto", "json", "console"),
            f"LOG_FORMAT must be auto, json or console, not {s.log_format!r}.",
        ),
        (
            s.log_level in ("DEBUG", "INFO", "WARNING", "ERROR"),
            f"LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {s.log_level!r}.",
        ),
    )


def _rates(s: Settings) -> Iterator[tuple[bool, str]]:
    for name in ("user_rate_limit", "vip_user_rate_limit", "refused_rate_limit", "generate_rate_limit"):
        problem = rate_problem(name.upper(), getattr(s, name), burst=name != "generate_rate_limit")
        yield not problem, problem


def _budgets(s: Settings) -> Iterator[tuple[bool, str]]:
    for name in ("budget_day_usd", "budget_month_usd"):
        problem = problem_of(name.upper(), getattr(s, name))
        yield not problem, problem


def _redis(name: str, url: str, master: str, read: Callable[[], RedisPlace]) -> tuple[tuple[bool, str], ...]:
    named = (
        "sentinel://" not in url or bool(master),
        f"{name}_URL names sentinels: {name}_MASTER_NAME must say what they call their master (mymaster).",
    )
    try:
        # A cache without a URL of its own uses the ledger's Redis.
        if url:
            read()
    except ValueError as error:
        return named, (False, f"{name}_URL {error}.")
    return (named,)
