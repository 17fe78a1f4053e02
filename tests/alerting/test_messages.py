"""What Alertmanager makes of alerts: one message for a group, whatever is in it; causes before effects."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from acceptance.person import eventually

from .tower import Tower

pytestmark = [pytest.mark.monitoring, pytest.mark.timeout(120)]


def post(tower: Tower, *alerts: dict[str, Any]) -> None:
    """Give alerts to Alertmanager, as Prometheus does; "ends" in one is how long (s) it lasts from now."""
    now = datetime.now(UTC)
    body = [
        {
            "labels": {"severity": "critical", **each["labels"]},
            "annotations": {"description": "d", "runbook_url": "docs/alerts.md", **each["annotations"]},
            "startsAt": (now - timedelta(seconds=5)).isoformat(),
            "endsAt": (now + timedelta(seconds=each["ends"])).isoformat(),
        }
        for each in alerts
    ]
    url = f"http://{tower.where['alertmanager']}/api/v2/alerts"
    httpx.post(url, json=body, trust_env=False).raise_for_status()


def alert(name: str, number: int, ends: float = 60, **labels: str) -> dict[str, Any]:
    summary = f"{name} <b>{number}</b> & <script>"
    return {
        "labels": {"alertname": name, "number": str(number), **labels},
        "annotations": {"summary": summary},
        "ends": ends,
    }


def test_a_group_is_one_message_and_text_is_no_markup(tower: Tower) -> None:
    """Given 12 alerts of one name whose words look like HTML, one message shows ten of them as they are."""
    before = tower.calm("Crowd")
    post(tower, *(alert("Crowd", number) for number in range(12)))
    fired = tower.told("Crowd", after=before)
    assert fired["text"].count("🔴 Crowd <b>") == 10
    assert fired["text"].endswith("and 2 more")
    assert sum(entity["type"] == "bold" for entity in fired["entities"]) == 10
    post(tower, *(alert("Crowd", number, ends=-1) for number in range(12)))
    tower.told("🟢 Resolved: Crowd", after=fired["message_id"])


def test_a_cause_keeps_its_consequence_quiet(tower: Tower) -> None:
    """Given a lane without workers and jobs that are stuck in it and in another, two of three are told."""
    before = tower.calm("LaneStuck")
    post(
        tower,
        alert("LaneUnserved", 1, queue_name="one"),
        alert("LaneStuck", 2, queue_name="one"),
        alert("LaneStuck", 3, queue_name="two"),
    )
    tower.told("LaneUnserved", after=before)
    stuck = tower.told("LaneStuck", after=before)
    assert "<b>3</b>" in stuck["text"]
    assert "<b>2</b>" not in stuck["text"]
    url = f"http://{tower.where['alertmanager']}/api/v2/alerts"

    def inhibited() -> list[str]:
        found = httpx.get(url, trust_env=False).json()
        return [each["labels"]["number"] for each in found if each["status"]["inhibitedBy"]]

    assert eventually(inhibited) == ["2"]
    post(
        tower,
        alert("LaneStuck", 2, ends=-1, queue_name="one"),
        alert("LaneStuck", 3, ends=-1, queue_name="two"),
    )
    post(tower, alert("LaneUnserved", 1, ends=-1, queue_name="one"))
    tower.told("🟢 Resolved: LaneStuck <b>3</b>", after=stuck["message_id"])
    tower.told("🟢 Resolved: LaneUnserved <b>1</b>", after=before)
