"""The money of a run: the budgets against the jobs, the jobs against the provider's submissions. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from jobs.states import ENDED
from ledger import keys

DAY_S = 86_400.0
Records = Mapping[str, Mapping[str, str]]
"""The ledger's records by job id."""
Budgets = Mapping[str, Mapping[str, int]]
"""Key of a budget -> what was reserved or billed in it, and used, in millionths of a dollar."""


def misbooked(records: Records, budgets: Budgets, now: float | None = None) -> list[str]:
    """Return the differences between the budgets and what the jobs reserved and were billed.

    A job that has ended and still has money reserved counts as one too.

    Args:
        records: All jobs of the budgets, read at the same moment.
        budgets: The budgets of all days and months.
        now: The ledger's time (Unix seconds), if older budgets and records may have expired: then only the
            budgets of this month, of today and of yesterday count.
    """
    held = [
        f"job {job_id} is {record['state']} and has {record['reserved']} reserved"
        for job_id, record in records.items()
        if record["state"] in ENDED and _amount(record, "reserved")
    ]
    whole = None if now is None else _whole(now)
    expected = {key: book for key, book in _expected(records).items() if whole is None or key in whole}
    booked = {key: Counter(book) for key, book in budgets.items() if whole is None or key in whole}
    return held + [
        f"{key} has {booked[key][name]} as {name}, and the jobs come to {expected[key][name]}"
        for key in sorted({*booked, *expected})
        for name in sorted({*booked.setdefault(key, Counter()), *expected.setdefault(key, Counter())})
        if booked[key][name] != expected[key][name]
    ]


def misbilled(records: Records, paid: Iterable[str]) -> list[str]:
    """Return the prompts that were not billed as often as they were submitted.

    Args:
        records: The jobs in question.
        paid: For each submission the job's id, or its prompt if the provider was given no id.
    """
    submitted = Counter(paid)
    found = []
    for prompt, jobs in _by_prompt(records).items():
        times = submitted[prompt] + sum(submitted[job_id] for job_id in jobs)
        billed = sum(1 for record in jobs.values() if _amount(record, "billed"))
        doubtful = sum(1 for record in jobs.values() if _is_doubtful(record))
        if not times <= billed <= times + doubtful:
            found.append(f"{prompt!r}: submitted {times} times, billed {billed} times: {', '.join(jobs)}")
    return found


def _whole(now: float) -> set[str]:
    """Return the keys of the budgets of today, yesterday and this month."""
    days = [datetime.fromtimestamp(now - seconds, UTC).date().isoformat() for seconds in (0, DAY_S)]
    spans = {*days, *(day[:7] for day in days[:1])}
    return {key(span) for span in spans for key in (keys.budget, keys.budget_people)}


def _expected(records: Records) -> dict[str, Counter[str]]:
    expected: dict[str, Counter[str]] = {}
    for record in records.values():
        reserved, billed = _amount(record, "reserved"), _amount(record, "billed")
        names = filter(None, (record["model"], record.get("provider"), record["kind"], record["tier"], "all"))
        whose = {keys.budget: tuple(names), keys.budget_people: (record["user"],)}
        for span in record.get("reserved_in", "").split():
            for key, of in whose.items():
                book = expected.setdefault(key(span), Counter())
                for name in of:
                    book.update({name: reserved + billed, f"used:{name}": billed})
    return expected


def _by_prompt(records: Records) -> dict[str, dict[str, Mapping[str, str]]]:
    found: dict[str, dict[str, Mapping[str, str]]] = {}
    for job_id, record in records.items():
        found.setdefault(record["prompt"], {})[job_id] = record
    return found


def _is_doubtful(record: Mapping[str, str]) -> bool:
    """Return whether the submission may not have reached the provider: such a job is billed to be safe."""
    return "at:submitting" in record and "at:running" not in record


def _amount(record: Mapping[str, str], name: str) -> int:
    return int(record.get(name) or 0)
