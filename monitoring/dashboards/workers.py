"""The dashboard of the processes: which are alive, what they use, and what was taken over from dead ones."""

from monitoring.dashboards.panels import WINDOW, Dashboard, Panel, Query, per_minute, rate, total

BOARD = Dashboard(
    "darkroom-workers",
    "Darkroom: workers",
    "Which processes live, how busy they are, what they use, and what was taken over from others.",
    (
        Panel(
            "Live processes",
            "Of each kind; 0 where one was there within a day and is not any more.",
            "short",
            [Query("max by (process, queue_names) (live_processes)", "{{process}} {{queue_names}}")],
        ),
        Panel(
            "Busy slots by worker",
            "Jobs that each worker holds, of all its lanes.",
            "short",
            [Query(total("worker_slots_busy", "worker"), "{{worker}}")],
        ),
        Panel(
            "Free slots by worker",
            "They serve any lane of the worker.",
            "short",
            [Query("max by (worker) (worker_slots_free)", "{{worker}}")],
        ),
        Panel(
            "Processor by process",
            "Seconds of processor time in a second: 1 is one core.",
            "short",
            [Query(rate("live_process_cpu_seconds_total", "worker"), "{{worker}}")],
        ),
        Panel(
            "Memory by process",
            "Resident, with its children.",
            "bytes",
            [Query(total("live_process_memory_bytes", "worker"), "{{worker}}")],
        ),
        Panel(
            "Processor by machine",
            "Share in use. Target: under 70 %.",
            "percentunit",
            [
                Query(
                    f"max by (machine) (rate(machine_cpu_seconds_total[{WINDOW}]))"
                    " / max by (machine) (machine_cpu_cores)",
                    "{{machine}}",
                )
            ],
            steps=(0.7,),
        ),
        Panel(
            "Memory by machine",
            "Share in use. Target: under 80 %.",
            "percentunit",
            [Query("darkroom:machine_memory:ratio", "{{machine}}")],
            steps=(0.8,),
        ),
        Panel(
            "Leases expired",
            "Workers that died, hung or lost Redis over a job.",
            "cpm",
            [Query(per_minute("leases_expired_total"), "leases")],
        ),
        Panel(
            "Jobs taken over",
            "Jobs that another lease went on with: after a death, a deploy, or a delivery put off.",
            "cpm",
            [Query(per_minute("jobs_resumed_total", "stage"), "{{stage}}")],
        ),
    ),
)
