"""The dashboard of the providers and their cost."""

from monitoring.dashboards.panels import (
    WINDOW,
    Dashboard,
    Look,
    Panel,
    Query,
    per_minute,
    quantile,
    quantiles,
    rate,
    total,
)

BOARD = Dashboard(
    "darkroom-providers",
    "Darkroom: providers and money",
    "How the providers answer, how soon we see that they are done, and what it costs.",
    (
        Panel(
            "Spent",
            "List price of all submissions so far.",
            "currencyUSD",
            [Query(total("provider_spend_usd_total"))],
            Look.NUMBER,
            width=6,
        ),
        Panel(
            "An hour costs",
            "At the present rate.",
            "currencyUSD",
            [Query(f"3600 * {rate('provider_spend_usd_total')}")],
            Look.NUMBER,
            width=6,
        ),
        Panel(
            "From the cache",
            "Share of the requests that might have shared a result and found one in the cache, in an hour.",
            "percentunit",
            [
                Query(
                    'sum(max without (instance) (increase(cache_requests_total{result="hit"}[1h])))'
                    " / sum(max without (instance) (increase(cache_requests_total[1h])))"
                )
            ],
            Look.NUMBER,
            width=6,
        ),
        Panel(
            "Unknown submissions",
            "Paid calls of the last hour whose outcome was unknown when they were made.",
            "short",
            [Query("sum(max without (instance) (increase(submissions_unknown_total[1h])))")],
            Look.LIGHT,
            (1, 5),
            6,
        ),
        Panel(
            "Spending by model",
            "List price of the submissions, for an hour at this rate.",
            "currencyUSD",
            [Query(f"3600 * {rate('provider_spend_usd_total', 'model')}", "{{model}}")],
            Look.STACK,
        ),
        Panel(
            "Budgets",
            "Share of each budget that is used or reserved; at 100 % people are turned away.",
            "percentunit",
            [
                Query(
                    "max by (period, budget) (budget_used_usd + budget_reserved_usd)"
                    " / (max by (period, budget) (budget_usd) > 0)",
                    "{{period}} {{budget}}",
                )
            ],
        ),
        Panel(
            "Calls",
            "Calls by what they are for.",
            "reqps",
            [Query(rate("provider_requests_total", "provider, operation"), "{{provider}} {{operation}}")],
        ),
        Panel(
            "Calls that went wrong",
            "throttled (429), failed (5xx or none), unknown, refused (the input), denied (our account).",
            "cpm",
            [
                Query(
                    per_minute("provider_requests_total", "provider, outcome", 'outcome!="ok"'),
                    "{{provider}} {{outcome}}",
                )
            ],
        ),
        Panel(
            "How long calls take",
            "95 % took no longer.",
            "s",
            [Query(quantile(0.95, "provider_request_duration_seconds", "operation"), "{{operation}}")],
        ),
        Panel(
            "Time at the provider",
            "From the submission until we saw the end.",
            "s",
            quantiles("job_stage_duration_seconds", "type", 'stage="generate"'),
        ),
        Panel(
            "Detection lag",
            "From the provider's own time of completion until we saw it.",
            "s",
            quantiles("job_detection_lag_seconds", "model"),
        ),
        Panel(
            "Polls a job",
            "Looks at the provider until a job was done there, on average.",
            "short",
            [
                Query(
                    f"sum by (model) (max without (instance) (rate(job_polls_sum[{WINDOW}])))"
                    f" / (sum by (model) (max without (instance) (rate(job_polls_count[{WINDOW}]))) > 0)",
                    "{{model}}",
                )
            ],
        ),
        Panel(
            "Webhooks",
            "Received, heard before, refused.",
            "cpm",
            [Query(per_minute("webhooks_total", "source, result"), "{{source}} {{result}}")],
        ),
        Panel(
            "Cache",
            "Requests that might share a result, by whether the cache had it.",
            "cpm",
            [Query(per_minute("cache_requests_total", "result"), "{{result}}")],
        ),
    ),
)
