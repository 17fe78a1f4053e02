"""The keys of files in the media store: `2026-11-24/<job id>.png`. Pure.

The day (UTC) is the one on which the job was accepted. So a file's age is in its key: the age survives a move
to another store, and retention removes whole folders.
"""

from datetime import UTC, date, datetime, timedelta


def key(accepted: float, job_id: str, ending: str) -> str:
    """Return the key of a job's output. `accepted` is in Unix seconds."""
    return f"{datetime.fromtimestamp(accepted, UTC):%Y-%m-%d}/{job_id}.{ending}"


def day_of(folder: str) -> date | None:
    """Return the day of a folder, or of a key in it; None for names that Darkroom did not choose."""
    try:
        name = folder.partition("/")[0]
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if name == day.isoformat() else None


def removed_at(artifact_key: str, ttl_days: int) -> float | None:
    """Return when (Unix seconds) retention may remove a file, None for never.

    The file is kept until its day is over, and for `ttl_days` whole days after it.
    """
    day = day_of(artifact_key)
    if day is None or not ttl_days:
        return None
    first = datetime.combine(day, datetime.min.time(), UTC)
    return (first + timedelta(days=ttl_days + 1)).timestamp()
