"""The benchmark of neighbours works: whatever one person writes, all others get an answer."""

import json

import pytest

from bench import neighbours

pytestmark = pytest.mark.long


@pytest.mark.parametrize("refused", [False, True])
def test_in_its_short_form_all_others_are_answered(refused: bool) -> None:
    """Given a person who floods a private chat and 30 groups, with and without a limit of their own, I expect
    everybody else to be answered, and no update to be left."""
    load = neighbours.Load(quotes=20, flood=500, groups=30, others=4, refused=refused)
    figures = json.loads(json.dumps(neighbours.run(load)))
    assert [part["posted"] for part in figures["parts"].values()] == [0, 20, 500, 450]
    for part in figures["parts"].values():
        assert part["missing"] == 0
        assert part["decided_s"] < neighbours.DECIDED_WITHIN_S
