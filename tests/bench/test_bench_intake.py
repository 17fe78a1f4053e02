"""The intake benchmark works: every update that was answered 200 was admitted exactly once, or said to."""

import json

import pytest

from bench import intake

pytestmark = pytest.mark.long


def test_the_intake_benchmark_in_its_short_form_admits_every_update_once() -> None:
    """Given two replicas without limits to which requests, talk and repetitions are posted, I expect each
    request to be one job, and no repetition another one."""
    load = intake.Load(rate=40, seconds=2.0, connections=8, repeats=30, accept=True)
    figures = intake.run(load)
    ledger = json.loads(json.dumps(figures))["ledger"]
    assert (ledger["lost"], ledger["doubled"]) == (0, 0)
    assert ledger["jobs"] == ledger["asked"] > 50
    assert ledger["answered_200"] > ledger["asked"]
    assert set(figures["bot"]["most"]["statuses"]) == {"200"}
    assert figures["commands"]["EVALSHA"] >= 1
