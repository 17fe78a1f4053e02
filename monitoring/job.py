"""`python -m monitoring.job ID`: the history of one job, from the ledger.

--png PATH   draw it as a timeline too (needs matplotlib)
--prompt     show the words that were asked for
"""

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from config.logs.printable import in_lines, printable
from config.settings import Settings, SettingsError, load
from jobs.errors import LedgerUnavailable
from jobs.life import Life
from ledger.connection import connect
from ledger.jobs import Ledger
from ledger.trail import Trails

EXIT_UNKNOWN, EXIT_UNUSABLE = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. Return 0, 1 for a job that the ledger does not have, or 2 for any other failure."""
    parser = argparse.ArgumentParser(
        prog="python -m monitoring.job",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("id", help="the job's id, as the logs have it")
    parser.add_argument("--png", metavar="PATH", type=Path, help="draw the timeline into this file")
    parser.add_argument("--prompt", action="store_true", help="show the words that were asked for")
    options = parser.parse_args(argv)
    if options.png and importlib.util.find_spec("matplotlib") is None:
        sys.stderr.write("--png needs matplotlib: pip install matplotlib, or leave --png out.\n")
        return EXIT_UNUSABLE
    try:
        life = look_up(load(receives=False), options.id.strip().lower())
    except (SettingsError, LedgerUnavailable) as error:
        sys.stderr.write(f"{in_lines(error)}\n")
        return EXIT_UNUSABLE
    if life is None:
        asked = printable(options.id)
        sys.stderr.write(f"The ledger has no job {asked}; ended jobs are kept for KEEP_JOBS_DAYS.\n")
        return EXIT_UNKNOWN
    sys.stdout.write(table(life, prompt=options.prompt))
    if options.png:
        from monitoring.timeline import draw  # noqa: PLC0415 - matplotlib is no part of an installation

        draw(life, options.png)
        sys.stdout.write(f"\n{options.png}\n")
    return 0


def look_up(settings: Settings, job_id: str) -> Life | None:
    """Return the job's history up to now, None if there is no such job. Raises LedgerUnavailable."""
    client = connect(settings.ledger_redis())
    try:
        ledger = Ledger(client, settings)
        job = ledger.get(job_id)
        return Life(job, Trails(client).of(job), ledger.now()) if job else None
    finally:
        client.close()


def table(life: Life, *, prompt: bool = False) -> str:
    """Return the facts, then a line per event: time (UTC), seconds since the first, event, worker. Pure."""
    facts = [f"{name:<11} {value}" for name, value in life.facts(prompt=prompt)]
    rows = [f"{row.clock}  {row.since:>12}  {row.what:<13} {row.who}".rstrip() for row in life.rows()]
    return "".join(printable(line) + "\n" for line in (*facts, "", *rows))


if __name__ == "__main__":
    sys.exit(main())
