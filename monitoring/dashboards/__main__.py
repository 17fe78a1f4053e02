"""`python -m monitoring.dashboards`: write `monitoring/grafana/dashboards/*.json` from their descriptions."""

import json
import sys
from pathlib import Path
from typing import Any

from monitoring.dashboards import lanes, overview, providers, redis, telegram, workers
from monitoring.dashboards.panels import Dashboard
from monitoring.dashboards.render import board

FOLDER = Path(__file__).parents[1] / "grafana" / "dashboards"
ALL: tuple[Dashboard, ...] = (
    overview.BOARD,
    lanes.BOARD,
    workers.BOARD,
    providers.BOARD,
    telegram.BOARD,
    redis.BOARD,
)


def texts() -> dict[str, str]:
    """Return the JSON of every dashboard, by file name."""
    boards: dict[str, Any] = {f"{each.uid}.json": board(each) for each in ALL}
    return {name: json.dumps(found, indent=2, ensure_ascii=False) + "\n" for name, found in boards.items()}


def main() -> int:
    """Write the JSON files of all dashboards."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{FOLDER / name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
