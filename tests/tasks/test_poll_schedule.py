"""When a prediction is looked at, given how long earlier ones took. Nothing here waits."""

import itertools
import math
from random import Random

import pytest

from config.settings import Settings
from tasks.generation.poll_schedule import Backoff, Plan, Rhythm, overdue, rhythm

SETTINGS = Settings()


def looks(beat: Rhythm, until: float) -> list[float]:
    """The moments of the looks at a prediction that is never done."""
    found: list[float] = []
    now = 0.0
    while True:
        wait = beat.wait(now)
        assert wait > 0
        now += wait
        if now > until:
            return found
        found.append(now)


def lognormal(mean: float, sigma: float, count: int = 50, seed: int = 1) -> list[float]:
    random = Random(seed)
    return [random.lognormvariate(math.log(mean) - sigma**2 / 2, sigma) for _ in range(count)]


def test_the_plain_backoff_is_2_s_then_1_2_times_up_to_10() -> None:
    waits = [after - before for before, after in itertools.pairwise([0.0, *looks(Backoff(2, 1.2, 10), 90)])]
    assert waits[:3] == pytest.approx([2, 2.4, 2.88])
    assert waits == pytest.approx([min(10, 2 * 1.2**number) for number in range(len(waits))])
    assert looks(Backoff(1, 1, 1), 5) == [1, 2, 3, 4, 5]


def test_a_model_never_seen_gets_the_plain_backoff() -> None:
    assert rhythm(SETTINGS, [], active=1) == Backoff(2, 1.2, 10)
    assert rhythm(SETTINGS, [0.0], active=1) == Backoff(2, 1.2, 10)


@pytest.mark.parametrize("durations", [[20.0], [20.0] * 50, lognormal(60, 0.3), [0.01, 500.0]])
def test_looks_begin_where_the_job_can_be_ready_and_end_in_the_backoff(durations: list[float]) -> None:
    """Given past durations, I expect no look long before the shortest one, waits that end, and for whoever
    outlasts them all waits of 2 s and more, up to 10."""
    beat = rhythm(SETTINGS, durations, active=1)
    assert isinstance(beat, Plan)
    found = looks(beat, 2000)
    assert found[0] >= min(durations) * (1 - 1 / (len(durations) + 1))
    end = beat.moments[-1]
    late = [end, *(look for look in found if look > end)]
    assert late[1] - end == pytest.approx(2)
    assert late[-1] - late[-2] == pytest.approx(10)


def test_a_model_that_always_takes_the_same_time_is_looked_at_then() -> None:
    found = looks(rhythm(SETTINGS, [30.0] * 50, active=1), 40)
    assert 30 <= found[0] <= 31


def test_the_gap_between_two_modes_gets_one_look_at_most() -> None:
    """Given a model that takes 6 s when warm and 60 s when cold, I expect looks around both; between them
    one may be worth its price, where the plain backoff has seven."""
    durations = lognormal(6, 0.1, 35) + lognormal(60, 0.1, 15, seed=2)
    found = looks(rhythm(SETTINGS, durations, active=1), 80)
    warm, cold = max(durations[:35]), min(durations[35:])
    assert any(look <= warm + 1 for look in found)
    assert len([look for look in found if warm * 1.2 < look < cold * 0.95]) <= 1
    assert any(cold <= look <= 75 for look in found)


def test_a_prediction_that_is_not_done_is_looked_at_by_what_is_left() -> None:
    """Given one resumed at any moment, I expect the next look to be the one that is best from there on, never
    at once, and never past the longest duration when it has not outlasted it."""
    durations = lognormal(60, 0.3)
    beat = rhythm(SETTINGS, durations, active=1)
    longest = max(durations) * 1.02
    for elapsed in range(int(longest)):
        assert 0 < beat.wait(float(elapsed)) <= longest - elapsed


def expected(beat: Rhythm, durations: list[float]) -> tuple[float, float]:
    """Looks and lag (seconds) of a job, on average."""
    made, lag = 0, 0.0
    for took in durations:
        now = 0.0
        while now < took:
            now += beat.wait(now)
            made += 1
        lag += now - took
    return made / len(durations), lag / len(durations)


@pytest.mark.parametrize(("mean", "sigma"), [(4, 0.2), (12, 0.3), (60, 0.3), (60, 0.6)])
def test_a_plan_beats_the_plain_backoff_in_both(mean: float, sigma: float) -> None:
    """Given other durations than those of the plan, I expect fewer looks, and each end noticed earlier."""
    beat = rhythm(SETTINGS, lognormal(mean, sigma), active=1)
    others = lognormal(mean, sigma, 400, seed=2)
    looks_made, lag = expected(beat, others)
    plain_looks, plain_lag = expected(Backoff(2, 1.2, 10), others)
    assert looks_made < plain_looks
    assert lag < plain_lag


def test_the_more_jobs_the_fewer_looks_each() -> None:
    durations = lognormal(60, 0.3)
    made = [expected(rhythm(SETTINGS, durations, active), durations)[0] for active in (1, 50, 120, 300, 3000)]
    assert made[0] == made[1]
    assert made[1] > made[2] > made[3] > made[4] >= 1


@pytest.mark.parametrize("active", [300, 1000, 5000])
def test_however_many_jobs_wait_they_stay_at_the_polls_of_all_together(active: int) -> None:
    """Given so many jobs that outlast all that is known, I expect all of them together to ask no more often
    than POLLS_PER_S."""
    for durations in ([], lognormal(60, 0.3)):
        beat = rhythm(SETTINGS, durations, active)
        assert active / beat.wait(10_000.0) <= SETTINGS.polls_per_s


def test_a_webhook_is_overdue_well_after_the_longest_duration() -> None:
    """For a model of which little is known, and at the latest, that is half the deadline."""
    assert overdue(SETTINGS, [], 120) == 60
    assert overdue(SETTINGS, [8.0] * 49, 120) == 60
    assert overdue(SETTINGS, [*[3.0] * 49, 8.0], 120) == 34
    assert overdue(SETTINGS, [90.0] * 50, 120) == 60
