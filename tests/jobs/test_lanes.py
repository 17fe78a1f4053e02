"""The lanes, and which of them jobs wait in to be made."""

from itertools import product

import pytest

from bot.handlers.admin import arguments
from jobs.model import GENERATION_LANES, Kind, Lane, Tier


def test_the_generation_lanes_are_those_that_jobs_are_put_into() -> None:
    """Given every kind of job of every tier, I expect its lane among them, none that gets no job, and none
    twice."""
    lanes = {Lane.of(kind, tier) for kind, tier in product(Kind, Tier)}
    assert lanes == set(GENERATION_LANES)
    assert len(GENERATION_LANES) == len(lanes)


@pytest.mark.parametrize("lane", Lane)
def test_admins_can_name_the_lanes_that_can_be_paused(lane: Lane) -> None:
    """Given a lane's name in any case, I expect the lane; given the lane of deliveries, none."""
    expected = lane if lane in GENERATION_LANES else None
    assert arguments.lane(lane.value) is expected
    assert arguments.lane(lane.value.upper()) is expected
