"""The dashboard of the lanes: what waits, for how long, and which workers serve it."""

from monitoring.dashboards.panels import Dashboard, Look, Panel, Query, per_minute, quantile, quantiles, total

BOARD = Dashboard(
    "darkroom-lanes",
    "Darkroom: lanes",
    "What waits in each lane, for how long, and how many slots serve it.",
    (
        Panel(
            "Waiting jobs",
            "Jobs of the ledger that nobody has claimed. From LANE_BACKLOG on people are turned away.",
            "short",
            [Query("max by (queue_name) (queue_jobs)", "{{queue_name}}")],
            steps=(50,),
        ),
        Panel(
            "Oldest waiting job",
            "How long the job has waited that has waited longest.",
            "s",
            [Query("max by (queue_name) (queue_oldest_job_age_seconds)", "{{queue_name}}")],
        ),
        Panel(
            "Messages on the broker",
            "Turns that are to be had, all priorities together; about as many as jobs wait.",
            "short",
            [Query(total("queue_messages", "queue_name"), "{{queue_name}}")],
        ),
        Panel(
            "Jobs begun",
            "Waiting jobs that a worker has claimed.",
            "cpm",
            [Query(per_minute("queue_jobs_started_total", "queue_name"), "{{queue_name}}")],
        ),
        Panel(
            "Wait by tier",
            "From the admission to the claim.",
            "s",
            quantiles("job_stage_duration_seconds", "tier", 'stage="wait"'),
        ),
        Panel(
            "Stages",
            "95 % of the jobs took no longer for this stage.",
            "s",
            [Query(quantile(0.95, "job_stage_duration_seconds", "stage"), "{{stage}}")],
        ),
        Panel(
            "Busy slots",
            "Slots that work for a lane.",
            "short",
            [Query(total("worker_slots_busy", "queue_name"), "{{queue_name}}")],
            Look.STACK,
        ),
        Panel(
            "Workers",
            "Live worker processes that serve a lane.",
            "short",
            [Query("max by (queue_name) (active_workers)", "{{queue_name}}")],
        ),
        Panel(
            "Paused",
            "1 where an admin has paused the lane.",
            "short",
            [Query("max by (queue_name) (queue_paused)", "{{queue_name}}")],
        ),
    ),
)
