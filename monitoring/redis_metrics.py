"""Metrics of the Redis servers, from INFO. Pure."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import Metric

from monitoring.families import counter, gauge
from monitoring.snapshot import Info


def collect(servers: Mapping[str, Info | None]) -> Iterator[Metric]:
    """Yield all metrics of the servers: role (`ledger`, `cache`) -> INFO, None if the server is down."""
    role = ("role",)
    yield gauge(
        "redis_up",
        "1 where the server answers.",
        role,
        (((name,), float(info is not None)) for name, info in servers.items()),
    )
    there = {name: info for name, info in servers.items() if info is not None}
    for metric, help_, field in (
        ("redis_memory_used_bytes", "Memory in use.", "used_memory"),
        ("redis_connected_clients", "Connections of clients.", "connected_clients"),
        ("redis_uptime_seconds", "Since the server's start.", "uptime_in_seconds"),
        ("redis_aof_enabled", "1 where it keeps an append-only file.", "aof_enabled"),
    ):
        yield gauge(metric, help_, role, (((name,), float(info[field])) for name, info in there.items()))
    yield gauge(
        "redis_memory_limit_bytes",
        "maxmemory, or the machine's memory where there is no limit.",
        role,
        (((name,), float(info["maxmemory"] or info["total_system_memory"])) for name, info in there.items()),
    )
    for metric, help_, field in (
        ("redis_aof_last_write_ok", "1 where the last write of the append-only file went well.", "write"),
        ("redis_aof_last_rewrite_ok", "1 where its last rewrite went well.", "bgrewrite"),
    ):
        yield gauge(
            metric,
            help_,
            role,
            (((name,), float(info[f"aof_last_{field}_status"] == "ok")) for name, info in there.items()),
        )
    yield counter(
        "redis_evicted_keys_total",
        "Keys thrown out for lack of memory, since the server's start.",
        role,
        (((name,), float(info["evicted_keys"])) for name, info in there.items()),
    )
