"""The dashboard of the Redis servers (ledger and cache), and of the exporter that reads them."""

from monitoring.dashboards.panels import Dashboard, Look, Panel, Query, per_minute

BOARD = Dashboard(
    "darkroom-redis",
    "Darkroom: Redis",
    "Memory, evictions, the append-only file, clients; and how long the exporter takes to read it all.",
    (
        Panel(
            "Up",
            "1 where the server answers.",
            "short",
            [Query("min(max by (role) (redis_up))")],
            Look.LIGHT,
            (1, 0.5),
            6,
        ),
        Panel(
            "Append-only file",
            "1 where the ledger's last write and rewrite went well.",
            "short",
            [
                Query(
                    'min(max without (instance) (redis_aof_last_write_ok{role="ledger"}))'
                    ' * min(max without (instance) (redis_aof_last_rewrite_ok{role="ledger"}))'
                )
            ],
            Look.LIGHT,
            (1, 0.5),
            6,
        ),
        Panel(
            "Keys evicted from the ledger",
            "Since the server's start. Anything but 0 may be a lost job.",
            "short",
            [Query('max(redis_evicted_keys_total{role="ledger"})')],
            Look.LIGHT,
            (0.5, 1),
            6,
        ),
        Panel(
            "Up for",
            "Since the last start of each server.",
            "s",
            [Query("max by (role) (redis_uptime_seconds)", "{{role}}")],
            Look.NUMBER,
            width=6,
        ),
        Panel(
            "Memory",
            "In use.",
            "bytes",
            [Query("max by (role) (redis_memory_used_bytes)", "{{role}}")],
        ),
        Panel(
            "Memory, of the limit",
            "maxmemory, or the machine's memory where there is no limit. When the ledger's is full, requests "
            "are turned away.",
            "percentunit",
            [
                Query(
                    "max by (role) (redis_memory_used_bytes) / max by (role) (redis_memory_limit_bytes)",
                    "{{role}}",
                )
            ],
            steps=(0.7,),
        ),
        Panel(
            "Evictions",
            "The cache throws out what was not asked for lately; the ledger must never.",
            "cpm",
            [Query(per_minute("redis_evicted_keys_total", "role"), "{{role}}")],
        ),
        Panel(
            "Clients",
            "Connections.",
            "short",
            [Query("max by (role) (redis_connected_clients)", "{{role}}")],
            width=12,
        ),
        Panel(
            "A scrape takes",
            "How long the exporter takes to read everything. Under 0.1 s with 10,000 jobs.",
            "s",
            [Query("max(exporter_scrape_duration_seconds)", "scrape")],
            width=12,
            steps=(0.1,),
        ),
    ),
)
