"""The processor time and memory that a process uses, and the limits that it has.

The limits are those of the cgroup (version 2) where it sets any, as containers do. Elsewhere they are those
of the whole machine; then the usage of its other processes counts too, as it leaves less for this one.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class ResourceUsage:
    """One measurement. The scope is the cgroup or the machine that limits the process.

    Attributes:
        cpu_s: Processor time (s) so far of the process and its children.
        memory: Resident memory (bytes) of the process and its children.
        scope_cpu_s: Processor time (s) so far of all processes in the scope.
        cores: Processor cores that the scope may use.
        scope_memory: Memory (bytes) that the scope uses.
        scope_limit: Memory (bytes) that the scope may use.
    """

    cpu_s: float
    memory: int
    scope_cpu_s: float
    cores: float
    scope_memory: int
    scope_limit: int

    def record(self) -> dict[str, float]:
        """Return the measurement as the fields of a hash in Redis."""
        return asdict(self)


def measure() -> ResourceUsage:
    """Measure the present usage; this takes about a millisecond."""
    cpu_s, memory = _own()
    group = _cgroup()
    scope_cpu_s, cores = _cpu_of(group) or _machine_cpu()
    scope_memory, scope_limit = _memory_of(group) or _machine_memory()
    return ResourceUsage(cpu_s, memory, scope_cpu_s, cores, scope_memory, scope_limit)


def _own() -> tuple[float, int]:
    me = psutil.Process()
    cpu_s, memory = 0.0, 0
    for process in (me, *me.children(recursive=True)):
        try:
            times = process.cpu_times()
            cpu_s += times.user + times.system
            memory += process.memory_info().rss
        except psutil.Error:
            continue  # a child that has just ended
    return cpu_s, memory


def _machine_cpu() -> tuple[float, float]:
    times = psutil.cpu_times()
    busy = times.user + times.system + sum(getattr(times, name, 0.0) for name in ("irq", "softirq", "steal"))
    return busy, float(os.cpu_count() or 1)


def _machine_memory() -> tuple[int, int]:
    memory = psutil.virtual_memory()
    return memory.total - memory.available, memory.total


def _cgroup() -> Path:
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except OSError:
        return _CGROUPS
    path = next((line[3:] for line in lines if line.startswith("0::")), "/")
    return _CGROUPS / path.lstrip("/")


def _cpu_of(group: Path) -> tuple[float, float] | None:
    """Return processor time (s) and cores of a cgroup; None where it has no limit of its own."""
    quota, _, period = _text(group / "cpu.max").partition(" ")
    if not quota.isdigit():
        return None
    return _stat(group / "cpu.stat").get("usage_usec", 0) / 1e6, int(quota) / int(period)


def _memory_of(group: Path) -> tuple[int, int] | None:
    """Return the bytes in use and allowed; None without a limit. Inactive file pages do not count."""
    limit, used = _text(group / "memory.max"), _text(group / "memory.current")
    if not limit.isdigit() or not used.isdigit():
        return None
    return max(0, int(used) - _stat(group / "memory.stat").get("inactive_file", 0)), int(limit)


def _stat(file: Path) -> dict[str, int]:
    rows = (line.split() for line in _text(file).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""
