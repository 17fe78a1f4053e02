"""The names of files in the media store: `2026-11-24/<job id>.png`. Pure.

The day is the one (UTC) on which the job was accepted, so that a file's age is in its name: it survives a
move to another store, and what is too old is whole folders.
"""

from datetime import UTC, date, datetime, timedelta


def key(accepted: float, job_id: str, ending: str) -> str:
    """The key of a job's output; `accepted` in Unix seconds."""
    return f"{datetime.fromtimestamp(accepted, UTC):%Y-%m-%d}/{job_id}.{ending}"


def day_of(folder: str) -> date | None:
    """The day of a folder, or of a key in it; None for names that are not of our making."""
    try:
        name = folder.partition("/")[0]
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if name == day.isoformat() else None


def removed_at(artifact_key: str, ttl_days: int) -> float | None:
    """When (Unix seconds) retention removes a file: once its day is over and `ttl_days` whole days more.

    None: never.
    """
    day = day_of(artifact_key)
    if day is None or not ttl_days:
        return None
    first = datetime.combine(day, datetime.min.time(), UTC)
    return (first + timedelta(days=ttl_days + 1)).timestamp()
