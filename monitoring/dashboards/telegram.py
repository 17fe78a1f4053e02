"""The dashboard of Telegram: what we send, how long it takes, and what Telegram refuses."""

from monitoring.dashboards.panels import Dashboard, Look, Panel, Query, per_minute, quantile, quantiles, rate

BOARD = Dashboard(
    "darkroom-telegram",
    "Darkroom: Telegram",
    "Calls to the Bot API, waits for their turn, and how results reach their chats.",
    (
        Panel(
            "Calls by method",
            "All calls of all processes. Telegram takes about 30 messages a second.",
            "reqps",
            [Query(rate("telegram_calls_total", "method"), "{{method}}")],
            Look.STACK,
        ),
        Panel(
            "Calls that went wrong",
            "throttled (429), refused, failed (5xx or no answer).",
            "cpm",
            [
                Query(
                    per_minute("telegram_calls_total", "method, outcome", 'outcome!="ok"'),
                    "{{method}} {{outcome}}",
                )
            ],
        ),
        Panel(
            "How long calls take",
            "95 % took no longer, without the wait for their turn; getUpdates waits for news on purpose.",
            "s",
            [
                Query(
                    quantile(0.95, "telegram_call_duration_seconds", "method", 'method!="getUpdates"'),
                    "{{method}}",
                )
            ],
        ),
        Panel(
            "Waits for a turn",
            "How long messages and edits wait so that Telegram's limits are kept.",
            "s",
            quantiles("telegram_wait_seconds", "urgency"),
        ),
        Panel(
            "Progress edits left out",
            "Where the budget is short, results go first.",
            "cpm",
            [Query(per_minute("telegram_edits_dropped_total"), "left out")],
        ),
        Panel(
            "Deliveries by way",
            "edit: the status message became the result; fallback: a new message, as that one was gone; "
            "link: the file was too large.",
            "cpm",
            [Query(per_minute("deliveries_total", "way"), "{{way}}")],
        ),
        Panel(
            "Delivery",
            "From the stored result to the chat.",
            "s",
            quantiles("job_stage_duration_seconds", "type", 'stage="deliver"'),
        ),
    ),
)
