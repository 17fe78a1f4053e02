"""From a lane that stands still to the admin's chat, through real Prometheus and Alertmanager, and back."""

import pytest
from acceptance.person import Person

from .tower import Tower

pytestmark = [pytest.mark.monitoring, pytest.mark.timeout(300)]


def test_a_lane_that_was_stopped_is_told_to_the_admin_and_so_is_its_recovery(tower: Tower) -> None:
    """Given a stopped picture worker and somebody who waits, the admin is told which lane has no worker; when
    it is there again, the admin is told that too, and the person has the picture."""
    before = tower.calm("LaneUnserved")
    worker = tower.programs["worker-image"]
    worker.terminate()
    ann = Person(tower.stack)
    shown = ann.ask("/image a red fox in the snow")
    fired = tower.told("Lane img has no worker", "LaneUnserved · docs/alerts.md#laneunserved", after=before)
    assert fired["text"].startswith("🔴 Lane img has no worker")
    assert {"type": "bold", "offset": 3, "length": 22} in fired["entities"]
    worker.start()
    tower.told("🟢 Resolved: Lane img has no worker", after=fired["message_id"])
    ann.job_when(shown, lambda job: job.state == "delivered")
