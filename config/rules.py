"""What the settings must be like together. Pure; each rule has the sentence for when it does not hold."""

from config import media, webhooks
from config.declared import Settings


def of(s: Settings) -> tuple[tuple[bool, str], ...]:
    """(holds, the sentence for when it does not) of every rule."""
    return (
        *webhooks.rules(s),
        *media.rules(s),
        (
            s.lease_s >= 3 * s.heartbeat_s,
            f"LEASE_S ({s.lease_s:g}) must be at least three times HEARTBEAT_S ({s.heartbeat_s:g}), "
            "or one late renewal loses a job.",
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
