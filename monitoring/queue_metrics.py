"""Metrics of the queues and of the processes that serve them. Pure.

A job waits in the ledger (`queue_jobs`). A message on the broker (`queue_messages`, by priority) is only a
turn for the next job of its lane. `queue_size` is the larger of the two: a lane whose messages were lost
still has its jobs, and broadcasts, which are not jobs, have only messages.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from prometheus_client.core import Metric

from jobs.model import Lane
from ledger import counters
from monitoring.families import Values, counter, gauge
from monitoring.snapshot import Snapshot
from tasks.messages import OTHER, Wrong

Record = Mapping[str, str]


def collect(seen: Snapshot) -> Iterator[Metric]:
    """Yield all metrics of the queues and processes."""
    yield from queues(seen)
    yield from processes(seen)
    yield from machines(seen)


def queues(seen: Snapshot) -> Iterator[Metric]:
    """Yield what waits in each lane and each durable queue, and how many workers serve each lane."""
    lanes = seen.lanes.items()
    yield gauge(
        "queue_size",
        "What waits in a lane: jobs of the ledger, or messages of all priorities where those are more.",
        ("queue_name",),
        (((lane,), found.size) for lane, found in lanes),
    )
    yield gauge(
        "queue_jobs",
        "Jobs of the ledger that wait in a lane.",
        ("queue_name",),
        (((lane,), found.jobs) for lane, found in lanes),
    )
    yield gauge(
        "queue_messages",
        "Messages on the broker by priority; 0 is given out first.",
        ("queue_name", "priority"),
        (((lane, str(step)), size) for lane, found in lanes for step, size in found.messages.items()),
    )
    yield gauge(
        "queue_oldest_job_age_seconds",
        "How long the oldest waiting job of a lane has waited; 0 where none waits.",
        ("queue_name",),
        (((lane,), found.oldest_s) for lane, found in lanes),
    )
    yield counter(
        "broker_messages_refused_total",
        "Messages on the broker that no worker passes on: they are none of ours, or made to do harm.",
        ("queue_name", "reason"),
        (
            ((queue, wrong), seen.counts.get(counters.broker_refused(queue, wrong), 0))
            for queue, wrong in product((*Lane, OTHER), Wrong)
        ),
    )
    yield gauge(
        "queue_paused",
        "1 where an admin has paused the lane.",
        ("queue_name",),
        (((lane,), float(found.paused)) for lane, found in lanes),
    )
    yield gauge(
        "spool_size",
        "What bots keep until it is dealt with: updates to be decided, answers to be said.",
        ("spool",),
        (((name,), size) for name, size in seen.spools.items()),
    )
    yield counter(
        "spool_dropped_total",
        "What was dropped of it: it had waited too long, or had killed too many processes.",
        ("spool",),
        (((name,), seen.counts.get(counters.dropped(name), 0)) for name in seen.spools),
    )
    yield gauge(
        "active_workers",
        "Live worker processes that serve a lane.",
        ("queue_name",),
        (((lane,), sum(lane in lanes_of(each) for each in seen.processes.values())) for lane in Lane),
    )


def processes(seen: Snapshot) -> Iterator[Metric]:
    """Yield the metrics of each live process, and of the kinds of process that were alive within a day."""
    kinds = dict.fromkeys(seen.roster, 0)
    for record in seen.processes.values():
        kind = (record.get("process", ""), record.get("lanes", ""))
        kinds[kind] = kinds.get(kind, 0) + 1
    yield gauge(
        "live_processes",
        "Live processes of a kind; 0 for a kind that was there within a day and is not any more.",
        ("process", "queue_names"),
        kinds.items(),
    )
    workers = {name_of(owner, record): record for owner, record in seen.processes.items()}
    yield gauge(
        "worker_slots_busy",
        "Slots of a worker that are at work for a lane.",
        ("worker", "queue_name"),
        (
            ((name, lane), number(record, f"busy:{lane}"))
            for name, record in workers.items()
            for lane in lanes_of(record)
        ),
    )
    yield gauge(
        "worker_slots_free",
        "Free slots of a worker; they serve any of its lanes, so these do not add up over the lanes.",
        ("worker", "queue_name"),
        (
            ((name, lane), number(record, "slots") - number(record, "busy"))
            for name, record in workers.items()
            for lane in lanes_of(record)
        ),
    )
    yield counter(
        "live_process_cpu_seconds_total",
        "Processor time of a live process and its children.",
        ("process", "worker"),
        _each(workers, "cpu_s"),
    )
    yield gauge(
        "live_process_memory_bytes",
        "Resident memory of a live process and its children.",
        ("process", "worker"),
        _each(workers, "memory"),
    )


def machines(seen: Snapshot) -> Iterator[Metric]:
    """Yield the metrics of the machines (or containers with their own limits) that live processes run on."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for owner, record in seen.processes.items():
        for name in ("scope_cpu_s", "cores", "scope_memory", "scope_limit"):
            machine = found[host_of(owner)]
            machine[name] = max(machine[name], number(record, name))

    def each(name: str) -> Values:
        return (((machine,), values[name]) for machine, values in found.items())

    label = ("machine",)
    yield counter(
        "machine_cpu_seconds_total",
        "Processor time used there: in the container where that has a limit, else on the machine.",
        label,
        each("scope_cpu_s"),
    )
    yield gauge("machine_cpu_cores", "Processors that could be used.", label, each("cores"))
    yield gauge("machine_memory_used_bytes", "Memory in use, likewise.", label, each("scope_memory"))
    yield gauge("machine_memory_limit_bytes", "Memory that there is.", label, each("scope_limit"))


def lanes_of(record: Record) -> list[str]:
    """Return the lanes that a process serves."""
    lanes = record.get("lanes", "")
    return lanes.split(",") if lanes else []


def host_of(owner: str) -> str:
    """Return the host in an owner's name (`host:pid:random`)."""
    return owner.partition(":")[0]


def name_of(owner: str, record: Record) -> str:
    """Return the name of a process, such as `image@host:pid`, from its kind and its owner's name."""
    return f"{record.get('process', '')}@{owner.rpartition(':')[0]}"


def number(record: Record, name: str) -> float:
    """Return a number in the record, 0 if it is missing."""
    return float(record.get(name) or 0)


def _each(workers: Mapping[str, Record], name: str) -> Iterable[tuple[tuple[str, ...], float]]:
    return (((record.get("process", ""), worker), number(record, name)) for worker, record in workers.items())
