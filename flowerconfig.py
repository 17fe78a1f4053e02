"""Flower's configuration; `celery -A tasks flower` reads it from the working directory."""

import sys
from logging import getLogger
from pathlib import Path

# Celery looks into the working directory for its app only.
sys.path.insert(0, str(Path(__file__).parent))

from config.logs.logging import configure
from config.logs.printable import in_lines
from config.settings import ROOT, SettingsError, load
from monitoring.flower import (
    close_metrics,
    credentials,
    forbid_frames,
    format_task,
    guard_flower,
    name_columns,
)

try:
    settings = load(receives=False)
    basic_auth = credentials(settings)
except SettingsError as error:
    sys.exit(in_lines(error))

port = settings.flower_port
address = settings.flower_address
# Without a password everybody may look, and nobody may change anything.
read_only = not basic_auth
close_metrics()
guard_flower(settings)
forbid_frames()

natural_time = True
tasks_columns = name_columns()

# Keep what Flower has seen over a restart: it is saved every minute and at the end.
persistent = True
db = str(ROOT / settings.flower_db)
(ROOT / settings.flower_db).parent.mkdir(parents=True, exist_ok=True)
state_save_interval = 60_000
max_tasks = 10_000

configure(settings, "flower")
# The inspector asks the workers at Flower's start, before any is up. Its warnings say nothing: it asks again
# whenever somebody opens a page.
getLogger("flower.inspector").setLevel("ERROR")
logging = settings.log_level.lower()
__all__ = ["format_task"]
