"""`bench lanes`: how long jobs wait for a slot when the lanes are full.

Keys of the result: `vip_wait_p95_ratio` (VIP over regular, regular lanes saturated),
`regular_throughput_share` (the worse lane in the worse mix, all lanes saturated), `light_user_wait_p95_ratio`
(with over without a heavy user), `longest_wait_s` and `wait_bound_s` (in a lane that is kept full); beside
them `jobs`, all of which were delivered, and the data behind these figures.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.harness import report
from bench.harness.report import percentile
from bench.harness.stage import Stage
from bench.lanes import scenarios
from bench.lanes.scenarios import Aging, Compared, Plan, Throughput

TARGETS = {
    "vip_wait_p95_ratio": "<= 0.10",
    "regular_throughput_share": ">= 0.33",
    "light_user_wait_p95_ratio": "<= 1.5",
    "longest_wait_s": "<= wait_bound_s",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--plot", type=Path, help="draw them here (PNG)")
    parser.add_argument(
        "--short", action="store_true", help="a few seconds: shows that it works, measures nothing"
    )


def main(options: argparse.Namespace) -> None:
    """Run the benchmark, print its tables and write its files."""
    plan = SHORT if options.short else Plan()
    if not options.short:
        report.wait_until_quiet(1.5, 300)
    figures, parts = run(plan)
    rows = [(key, figures[key], target) for key, target in TARGETS.items()]
    print(
        report.table(("figure", "measured", "target"), [*rows, ("wait_bound_s", figures["wait_bound_s"], "")])
    )
    print()
    print(report.table(("mix", "lane", "jobs/s alone", "beside VIP", "share"), _throughputs(parts[1])))
    if options.json:
        report.write_json(options.json, figures)
    if options.plot:
        from bench.lanes.plot import draw  # noqa: PLC0415 - matplotlib takes a second to import

        draw(options.plot, figures, *parts)


Parts = tuple[Compared, list[Throughput], Compared, Aging]

SHORT = Plan(
    slots=2, seconds=0.1, fair_share_s=0.3, backlog=12, many=30, phase_s=1.2, rounds=1, patience_s=120.0
)


def run(plan: Plan) -> tuple[dict[str, Any], Parts]:
    """Run all four situations on one stack and return the figures and their parts.

    Raises:
        TimeoutError: A job does not end in time.
        LookupError: The ledger has lost a job.
        ValueError: A job fails.
    """
    circumstances = report.machine()
    fair = {"FAIR_SHARE_S": str(plan.fair_share_s)}
    with Stage(plan.slots, plan.seconds, plan.sigma, fair) as stage:
        vip = scenarios.vip_under_regular_load(stage, plan)
        throughput = scenarios.regular_under_vip_load(stage, plan)
        light = scenarios.light_users_beside_a_heavy_one(stage, plan)
        aging = scenarios.aging(stage, plan)
        jobs = len(stage.ended(stage.sent, plan.patience_s))
    figures = {
        "vip_wait_p95_ratio": vip.p95_ratio,
        "regular_throughput_share": min(found.share for found in throughput),
        "light_user_wait_p95_ratio": light.p95_ratio,
        "longest_wait_s": max(aging.all),
        "wait_bound_s": scenarios.wait_bound(plan, aging.mean_work_s),
        "jobs": jobs,
        "waits_p95_s": {
            "vip": percentile(vip.looked_at, 95),
            "regular": percentile(vip.compared, 95),
            "light_beside_heavy": percentile(light.looked_at, 95),
            "light_alone": percentile(light.compared, 95),
            "eager": percentile(aging.eager, 95),
        },
        "throughput": [asdict(found) | {"share": found.share} for found in throughput],
        "mean_work_s": aging.mean_work_s,
        "plan": asdict(plan),
        "machine": circumstances | {"load_after": report.machine()["load"]},
    }
    return figures, (vip, throughput, light, aging)


def _throughputs(found: list[Throughput]) -> list[tuple[object, ...]]:
    return [(each.mix, each.lane, each.alone, each.beside_vip, each.share) for each in found]
