"""A lane is paused for longer than anything is waited for; the time of the house passes at once."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance.person import Message, Person, eventually
from turned_clock import TurnedClock

from config.catalogue import load_catalogue
from jobs.model import Lane
from jobs.states import State
from ledger import keys
from ledger.admin.controls import Controls
from ledger.queues.durable_queue import UPDATES
from ledger.queues.update_queue import TAKEN_S
from sandbox.environment import free_port
from tasks.generation import outputs

from .house import LINES, House, answers_to, built
from .invariants import accounted
from .stage import calm
from .trap import Trap

pytestmark = pytest.mark.faults

WORKERS = ("first", "deliver")
MINUTE_S = 60.0
DAY_S = 86_400.0
WORD = "said-by-telegram-alone"


class Time:
    """The time of Redis, by which keys expire and all of the ledger goes, and the dates of the workers, by
    which the broker gives back messages."""

    def __init__(self, folder: Path) -> None:
        self.of_redis = TurnedClock(folder)
        self.of_workers = folder / "workers"
        self._passed = 0.0
        self.passes(0)

    def passes(self, seconds: float) -> None:
        """So much more has passed."""
        self._passed += seconds
        self.of_workers.write_text(f"{self._passed:.0f}", encoding="ascii")
        self.of_redis.turn(self._passed)


@pytest.fixture(scope="module")
def time(tmp_path_factory: pytest.TempPathFactory) -> Time:
    return Time(tmp_path_factory.mktemp("time"))


@pytest.fixture(scope="module")
def house(time: Time) -> Iterator[House]:
    """A bot to which Telegram posts, and workers for pictures and for deliveries, in a time that is moved."""
    program = Path(__file__).with_name("wrong_clock.py")
    lines = {"bot": LINES["bot"]}
    for name in WORKERS:
        line = LINES[name].removeprefix("celery ")
        lines[name] = f"env PYTHONPATH=. {sys.executable} {program} {time.of_workers} {line}"
    address = f"127.0.0.1:{free_port()}"
    settings = {
        "BOT_MODE": "webhook",
        "WEBHOOK_URL": f"http://{address}",
        "WEBHOOK_SECRET": WORD,
        "WEBHOOK_BIND": address,
    }
    with built(lines, settings) as house:
        server = house.program("redis")
        server.kill()
        server.argv = ["env", *(f"{name}={value}" for name, value in time.of_redis.env.items()), *server.argv]
        server.start()
        house.heal()
        with accounted(house.stack.settings.redis_url):
            yield house


def asked(house: House, state: State, prompt: str) -> tuple[Person, Message]:
    """Somebody asks for a picture, and their job comes to be in this state."""
    person = house.person(f"Ann {state}")
    message = person.ask(f"/image {prompt}")
    person.job_when(message, lambda job: job.state is state)
    return person, message


@pytest.mark.parametrize("pause_s", [75 * MINUTE_S, 32 * DAY_S], ids=["75 minutes", "32 days"])
def test_a_long_pause_loses_nothing(house: House, time: Time, pause_s: float) -> None:
    """Given a lane that is paused for 75 minutes, which is longer than every lease, deadline and patience and
    than VISIBILITY_TIMEOUT_S, or for longer than KEEP_JOBS_DAYS; with jobs that wait in it, one whose
    prediction ends meanwhile with nobody to look, one that shares it, one that is stored and one that is
    being given with nobody to give it, and an update whose handler hangs; I expect each to end in its result,
    paid once, even though Telegram is in trouble when all goes on."""
    stack, settings = house.stack, house.stack.settings
    deadline_s = load_catalogue(settings).longest_deadline()
    assert pause_s > max(settings.visibility_timeout_s, deadline_s, outputs.PATIENCE_S, TAKEN_S)
    prompt = f"a clock that stands for {pause_s:g} s"
    house.heal()
    stack.telegram.fault("delay", method="editMessageMedia", seconds=600)
    waiting = [asked(house, State.DELIVERING, f"{prompt}, given")]
    house.program("deliver").stop()
    waiting.append(asked(house, State.STORED, f"{prompt}, stored"))
    stack.provider.hold()
    waiting.append(asked(house, State.RUNNING, f"{prompt}, run --seed 7"))
    waiting.append(asked(house, State.SHARING, f"{prompt}, run --seed 7"))
    eventually(lambda: waiting[2][0].prediction(f"{prompt}, run")["gets"] > 1)
    assert Controls(house.client).pause(Lane.IMG, by=1)
    waiting += [asked(house, State.QUEUED, f"{prompt}, {number}") for number in range(4)]
    house.program("first").stop()
    stack.provider.release()
    eventually(lambda: waiting[2][0].prediction(f"{prompt}, run")["status"] == "succeeded")
    writer = house.person("Olga")
    trap = house.set(Trap(rb"fair_share", times=1000), ["bot"])
    written = stack.telegram.send(writer.id, f"/image {prompt}, in the post")
    trap.wait(within_s=60)

    time.passes(pause_s)
    calm(stack)
    stack.telegram.fault("429", method="editMessageMedia", retry_after=1, times=2)
    stack.telegram.fault("500", method="editMessageMedia", times=2)
    for name in WORKERS:
        house.program(name).continue_()
    house.redis["bot"].heal()
    assert Controls(house.client).resume(Lane.IMG, by=1)

    shown = eventually(lambda: answers_to(writer, written))[0]
    for person, message in [*waiting, (writer, shown)]:
        person.result(message)
    assert {job.state for job in house.check(within_s=60)} == {State.DELIVERED}
    assert [house.stack.provider.total(f"{prompt}, {number}") for number in range(4)] == [1] * 4
    # A result can be answered for as long as ever, however long it was waited for.
    assert all(person.job(message).told for person, message in waiting)
    eventually(lambda: not house.client.zcard(keys.spool(UPDATES)))
