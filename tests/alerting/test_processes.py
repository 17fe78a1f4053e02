"""The table in docs/alerts.md: whichever process stops, the admin is told, and told when it is back."""

import re

import pytest

from config.settings import ROOT

from .tower import Tower

pytestmark = [pytest.mark.monitoring, pytest.mark.timeout(300)]

TABLE = {
    "bot": ("BotDown", "The bot is down"),
    "worker-image": ("WorkerDown", "There is no image worker (img,vip)"),
    "worker-video": ("WorkerDown", "There is no video worker (vid,vip)"),
    "worker-vip": ("WorkerDown", "There is no vip worker (vip)"),
    "deliver": ("WorkerDown", "There is no deliver worker (deliver)"),
    "flower": ("FlowerDown", "Flower is down"),
    "exporter": ("ExporterDown", "The exporter is down"),
    "prometheus": ("MonitoringDown", "Prometheus or Alertmanager is down"),
    "alertmanager": ("MonitoringDown", "Prometheus or Alertmanager is down"),
    "redis-cache": ("RedisDown", "The cache's Redis does not answer"),
    "redis": ("RedisDown", "The ledger's Redis does not answer"),
}
"""Process -> alert, and what the admin reads."""


@pytest.mark.parametrize("name", TABLE)
def test_a_process_that_stops_is_told_and_so_is_its_return(tower: Tower, name: str) -> None:
    alert, words = TABLE[name]
    program = tower.programs[name]
    before = tower.calm(alert, "" if alert == "MonitoringDown" else words)
    program.kill()
    try:
        fired = tower.told("🔴" if alert != "FlowerDown" else "🟠", words, alert, after=before)
    finally:
        program.start()
    tower.told("🟢 Resolved", alert, after=fired["message_id"])


def test_the_table_is_the_one_in_the_docs() -> None:
    """Given the table that operators read, it has these rows and no others."""
    text = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| \[(\w+)\]", text, re.MULTILINE)
    assert dict(rows) == {name: alert for name, (alert, _) in TABLE.items()}
