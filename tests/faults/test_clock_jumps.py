"""A clock jumps by ten minutes while the house is at work: that of Redis, or that of a worker's machine."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from turned_clock import TurnedClock

from jobs.failures import Failure
from jobs.states import State

from .house import LINES, House, built
from .invariants import accounted

pytestmark = pytest.mark.faults

WORKERS = ("first", "second")
JUMP_S = 600.0
Turn = Callable[[str, float], None]


@pytest.fixture(scope="module")
def clocks(tmp_path_factory: pytest.TempPathFactory) -> tuple[TurnedClock, dict[str, Path]]:
    """The clock of Redis, and the files that say how far off those of the workers are."""
    folder = tmp_path_factory.mktemp("clocks")
    files = {name: folder / name for name in WORKERS}
    for file in files.values():
        file.write_text("0", encoding="ascii")
    return TurnedClock(folder), files


@pytest.fixture(scope="module")
def house(clocks: tuple[TurnedClock, dict[str, Path]]) -> Iterator[House]:
    """Two workers that make and give pictures, and a bot; Redis has a clock that can be turned."""
    of_redis, files = clocks
    program = Path(__file__).with_name("wrong_clock.py")
    lines = {"bot": LINES["bot"]}
    for name, file in files.items():
        line = LINES["second"].replace("second", name).removeprefix("celery ")
        lines[name] = f"env PYTHONPATH=. {sys.executable} {program} {file} {line}"
    with built(lines) as house:
        server = house.program("redis")
        server.kill()
        server.argv = ["env", *(f"{name}={value}" for name, value in of_redis.env.items()), *server.argv]
        server.start()
        house.heal()
        with accounted(house.stack.settings.redis_url):
            yield house


@pytest.fixture
def turn(clocks: tuple[TurnedClock, dict[str, Path]], house: House) -> Iterator[Turn]:
    """Have a clock be off by so many seconds. All are right before and after a test."""
    of_redis, files = clocks

    def by(whose: str, seconds: float) -> None:
        if whose == "redis":
            of_redis.turn(seconds)
        else:
            files[whose].write_text(f"{seconds:g}", encoding="ascii")

    house.heal()
    yield by
    for whose in ("redis", *files):
        by(whose, 0)


@pytest.mark.parametrize("seconds", [-JUMP_S, JUMP_S], ids=["back", "forward"])
@pytest.mark.parametrize("whose", ["holder", "other"])
def test_the_date_of_a_workers_machine_jumps(house: House, turn: Turn, whose: str, seconds: float) -> None:
    """Given a worker that waits for a prediction, when its date jumps, or that of the worker which takes the
    job over from it, I expect the result, and nobody to notice."""
    ann, prompt = house.person(), f"a sundial of the {whose}, {seconds:g}"
    shown, job = house.running(ann, prompt)
    holder = house.holder(job)
    (other,) = {*WORKERS} - {holder}
    turn(holder if whose == "holder" else other, seconds)
    if whose == "other":
        house.kill(holder)
        assert house.holder(house.taken_over(job)) == other
    house.stack.provider.release()
    ann.result(shown)
    (ended,) = house.check()
    assert (ended.state, ended.prediction) == (State.DELIVERED, job.prediction)
    assert ended.crashes == (whose == "other")


def test_the_clock_of_redis_is_put_back(house: House, turn: Turn) -> None:
    """Given a prediction that is waited for, when the clock of Redis goes back by ten minutes and the worker
    dies, I expect the other one to take the job over as soon as ever, and the result."""
    ann = house.person()
    shown, job = house.running(ann, "an hourglass that is turned")
    turn("redis", -JUMP_S)
    house.kill(house.holder(job))
    house.taken_over(job)
    house.stack.provider.release()
    ann.result(shown)
    ann.make("/image an hourglass of the new time")
    assert {job.state for job in house.check()} == {State.DELIVERED}


def test_the_clock_of_redis_is_put_forward_and_back(house: House, turn: Turn) -> None:
    """Given a prediction that is waited for, when the clock of Redis goes forward by ten minutes, which is
    beyond every lease and deadline, and back again, I expect a result or a clear message, one payment at
    most, and whoever asks in between and afterwards to be served."""
    ann = house.person()
    shown, job = house.running(ann, "an hourglass that runs out")
    turn("redis", JUMP_S)
    tomorrow = ann.ask("/image an hourglass of tomorrow")
    turn("redis", 0)
    house.stack.provider.release()
    ann.result(tomorrow)
    ann.make("/image an hourglass of today")
    found = {job.id: job for job in house.check()}
    ended = found.pop(job.id)
    assert ended.state is State.DELIVERED or ended.failure is Failure.TIMED_OUT
    assert {job.state for job in found.values()} == {State.DELIVERED}
    assert ended.message == shown["message_id"]
