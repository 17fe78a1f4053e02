"""What a process uses of its machine."""

from pathlib import Path

import pytest

from ledger.processes import resource_usage


def test_a_measurement_is_within_its_limits() -> None:
    seen = resource_usage.measure()
    assert seen.memory > 0
    assert 0 < seen.scope_memory < seen.scope_limit
    assert 0 < seen.cpu_s <= seen.scope_cpu_s
    assert seen.cores > 0


def test_the_limits_of_a_container_go_before_the_machine_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a cgroup with half a core and 100 MB, of which 30 are file pages, those are the limits."""
    for name, text in {
        "cpu.max": "50000 100000\n",
        "cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
        "memory.max": "100000000\n",
        "memory.current": "80000000\n",
        "memory.stat": "anon 5\ninactive_file 30000000\n",
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(resource_usage, "_cgroup", lambda: tmp_path)
    seen = resource_usage.measure()
    assert (seen.scope_cpu_s, seen.cores) == (2.5, 0.5)
    assert (seen.scope_memory, seen.scope_limit) == (50_000_000, 100_000_000)


def test_a_cgroup_without_limits_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {"cpu.max": "max 100000\n", "memory.max": "max\n", "memory.current": "5\n"}.items():
        (tmp_path / name).write_text(text)
    machine = resource_usage.measure()
    monkeypatch.setattr(resource_usage, "_cgroup", lambda: tmp_path)
    seen = resource_usage.measure()
    assert (seen.cores, seen.scope_limit) == (machine.cores, machine.scope_limit)
