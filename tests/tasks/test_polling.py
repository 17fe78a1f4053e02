"""One prediction waited for, on virtual time: looks, webhooks that come, come too soon, or do not come."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

import retries
from bench.polling.virtual import Sleeper, VirtualTime
from config.settings import Settings
from jobs.errors import LedgerUnavailable, PassingError
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from providers.base import Prediction, Status
from tasks.generation.polling import Polling

HOOKS = Settings(provider_webhook_url="https://bot.example")
POLLS = Settings()
DEADLINE_S = 300.0
KNOWN = [30.0] * 50
CREATED = Prediction("p1", Status.QUEUED)


class Scene:
    """A slot that waits for a prediction which takes `took` seconds. `looks` are the moments at which the
    provider was asked, `shown` what the chat was shown, `end` the moment at which the wait was over."""

    def __init__(self, settings: Settings, took: float, durations: list[float] | None = None) -> None:
        self.time = VirtualTime()
        self.took = took
        self.durations = KNOWN if durations is None else durations
        self.errors: list[Exception] = []
        self.looks: list[float] = []
        self.shown: list[tuple[float, int]] = []
        self.reads = 0
        self.end: float | None = None
        self.found: Prediction | None = None
        self.took_s: float | None = None
        self.hinted = True
        self.told = True
        self.settings = settings
        request, origin = Request(Kind.IMAGE, "sketch", "a fox"), Origin(1, 1, 1)
        job = Job("fox", request, origin, Tier.REGULAR, Lane.IMG, State.RUNNING, stamps={"running": 0.0})
        self.slot = Sleeper(self.time, job)

    def deadline_s(self, _job: Job) -> float:
        return DEADLINE_S

    def typical_s(self, _job: Job) -> float:
        return 10.0

    def past(self, model: str) -> tuple[list[float], int]:
        assert model == "sketch"
        self.reads += 1
        return self.durations, 1

    def unheard(self) -> None:
        self.hinted = False

    def show(self, _slot: Any, percent: int) -> None:
        self.shown.append((self.time.now, percent))

    def get(self, prediction: str) -> Prediction:
        self.looks.append(self.time.now)
        if self.errors:
            raise self.errors.pop(0)
        if self.time.now < self.took:
            return Prediction(prediction, Status.RUNNING)
        created, completed = (0.0, self.took) if self.told else (None, None)
        return Prediction(prediction, Status.SUCCEEDED, created=created, completed=completed)

    def watch(self, created: Prediction | None = CREATED, *, at: float = 0.0) -> None:
        """The slot waits from that moment on; returns when it is over, however long that takes."""
        here: Any = self
        calls: Any = SimpleNamespace(to_ask=lambda _slot, _provider: None)
        polling = Polling(self.settings, waiting=here, slots=here, calls=calls, terms=here, progress=here)

        def work() -> None:
            self.found, self.took_s = polling.ended(here.slot, here, created, self.time.clock)
            self.end = self.time.now

        self.time.start(at, work)
        self.time.run()

    def webhook(self, moment: float) -> None:
        self.time.at(moment, self.slot.wake)


def test_the_first_look_is_when_the_job_can_be_ready() -> None:
    """Given a model that takes 30 s, I expect one look, then, and one read of its past."""
    scene = Scene(POLLS, took=30.0)
    scene.watch()
    assert len(scene.looks) == 1
    assert 30 <= scene.looks[0] < 31
    assert scene.reads == 1
    assert scene.slot.job.polls == 1


def test_a_prediction_that_has_ended_when_it_is_created_is_not_looked_at() -> None:
    scene = Scene(POLLS, took=0.0)
    done = Prediction("p1", Status.SUCCEEDED)
    scene.watch(done)
    assert scene.found is done
    assert (scene.looks, scene.reads) == ([], 0)


def test_the_chat_sees_time_pass_between_looks() -> None:
    """Given a long wait for the first look, I expect the chat to be shown rising guesses meanwhile, and no
    guess to be a request."""
    scene = Scene(POLLS, took=30.0)
    scene.watch()
    percents = [percent for _, percent in scene.shown]
    assert len(percents) >= 5
    assert percents == sorted(percents)
    assert percents[-1] == 90
    assert len(scene.looks) == 1


def test_a_job_that_is_taken_over_is_looked_at_at_once() -> None:
    """Given another worker's job, in the tenth second, with or without webhooks, I expect a look right then
    (its webhook may have come meanwhile), and the next one in the model's rhythm."""
    for settings in (POLLS, HOOKS):
        scene = Scene(settings, took=30.0)
        scene.watch(None, at=10.0)
        assert scene.looks[0] == 10
        assert len(scene.looks) == 2
        assert scene.looks[1] < 31


def test_a_webhook_makes_the_only_look() -> None:
    scene = Scene(HOOKS, took=30.0)
    scene.webhook(30.1)
    scene.watch()
    assert scene.looks == [30.1]
    assert scene.hinted


def test_a_webhook_that_does_not_come_is_noticed_within_its_bound() -> None:
    """Given a lost webhook, I expect a look 10 s after three times the longest duration, and none before; and
    the process to know from then on that webhooks get lost."""
    scene = Scene(HOOKS, took=30.0)
    scene.watch()
    assert scene.looks == [pytest.approx(100, abs=0.3)]
    assert not scene.hinted


def test_a_slow_prediction_is_no_lost_webhook() -> None:
    """Given one that runs longer than ever, I expect the late look, others after it, and webhooks to be
    believed in."""
    scene = Scene(HOOKS, took=130.0)
    scene.webhook(130.1)
    scene.watch()
    assert scene.looks[0] == pytest.approx(100, abs=0.3)
    assert scene.looks[-1] == 130.1
    assert scene.hinted


def test_a_webhook_that_came_too_soon_is_followed_by_looks() -> None:
    """Given a webhook that is ahead of the provider's own answer, I expect looks as without webhooks."""
    scene = Scene(HOOKS, took=30.0)
    scene.webhook(29.9)
    scene.watch()
    assert scene.looks[0] == 29.9
    assert scene.end is not None
    assert scene.end < 33


def test_a_job_stops_hoping_when_another_ones_webhook_was_lost() -> None:
    """Given a model that takes 30 s, when the process learns in the 12th second that webhooks get lost, I
    expect a look at 30 s."""
    scene = Scene(HOOKS, took=30.0)
    scene.time.at(12.0, scene.unheard)
    scene.watch()
    assert len(scene.looks) == 1
    assert 30 <= scene.looks[0] < 31


def test_after_trouble_the_provider_is_asked_again_soon() -> None:
    """Given a plan with one look, when that look fails twice, I expect others 2 s and 2.4 s later, with or
    without webhooks."""
    for settings, first in ((POLLS, 30.0), (HOOKS, 100.0)):
        scene = Scene(settings, took=30.0)
        scene.errors = [PassingError("502"), PassingError("502")]
        scene.watch()
        assert scene.looks == [
            pytest.approx(first, abs=1),
            *(pytest.approx(x + first, abs=1.7) for x in (2, 4.4)),
        ]


def test_the_last_look_is_at_the_deadline() -> None:
    """Given a prediction that never ends, with or without webhooks, I expect a last look at the deadline."""
    for settings in (POLLS, HOOKS):
        scene = Scene(settings, took=1e9)
        with pytest.raises(retries.OutOfTime):
            scene.watch()
        assert scene.looks[-1] == pytest.approx(DEADLINE_S, abs=0.01)


def test_without_its_past_a_model_is_polled_plainly() -> None:
    """Given a ledger that does not answer, I expect 2, 4.4, 7.3 s, and the job to go on."""
    scene = Scene(POLLS, took=7.0)

    def away(model: str) -> tuple[list[float], int]:
        raise LedgerUnavailable("connection refused")

    scene.past = away  # type: ignore[method-assign]
    scene.watch()
    assert scene.looks == [pytest.approx(x, abs=1) for x in (2, 4.4, 7.3)]


@pytest.mark.parametrize("webhook", [False, True])
def test_what_a_silent_provider_takes_is_told_by_the_looks(webhook: bool) -> None:
    """Given a provider without clock, I expect the look's time less half the doubt; a webhook leaves none."""
    scene = Scene(HOOKS if webhook else POLLS, took=30.0)
    scene.told = False
    if webhook:
        scene.webhook(30.0)
    scene.watch()
    assert scene.took_s is not None
    assert scene.took_s == pytest.approx(30.0, abs=0 if webhook else 1.3)


def test_a_submission_from_the_future_is_looked_at_at_once() -> None:
    """Given a job whose submission is stamped an hour ahead, as the ledger's clock was put back since, I
    expect a look now, and the model's deadline to count from now."""
    scene = Scene(POLLS, took=1e9)
    scene.slot.job = replace(scene.slot.job, stamps={"running": 3600.0})
    with pytest.raises(retries.OutOfTime):
        scene.watch(None)
    assert scene.looks[0] == 0.0
    assert scene.time.now == pytest.approx(DEADLINE_S, abs=1)
