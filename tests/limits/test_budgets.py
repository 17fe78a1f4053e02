"""Budgets on a real Redis: what is reserved, used and released, whatever becomes of the jobs."""

import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import redis
from patience import one_day

from config.settings import Settings
from jobs.failures import Failure
from jobs.limits import Rate
from jobs.model import Artifact, Job, Kind, Origin, Request, Tier
from jobs.states import ENDED, State
from ledger import clock, keys
from ledger.admin.audit_log import AuditLog
from ledger.admin.broadcasts import Broadcasts
from ledger.admission import (
    Accepted,
    Answer,
    Cached,
    Duplicate,
    Hit,
    Limited,
    OverBudget,
)
from ledger.connection import connect
from ledger.jobs import Cancellation, Ledger, Stage
from ledger.limits.budgets import Budgets, next_of, span_of
from ledger.lua_source import assembled
from ledger.recovery import Restored
from sandbox.admission import BlockingAdmission

PICTURE = Artifact("2026-11/x.png", "image/png", 1234)
CENT = 10_000
"""In millionths of a dollar; what a job costs here."""


_numbers = itertools.count(1)


class House:
    """The ledger, its door and its budgets; there may be several over the same books."""

    def __init__(self, client: "redis.Redis", settings: Settings, admission: BlockingAdmission) -> None:
        self.redis = client
        self.admission = admission
        self.ledger = Ledger(client, settings)
        self.budgets = Budgets(client, settings)

    def ask(
        self,
        user: int = 1,
        words: str = "",
        *,
        job_id: str = "",
        kind: Kind = Kind.IMAGE,
        model: str = "sketch",
        usd: float = 0.01,
        hit: Hit | None = None,
    ) -> Answer:
        number = next(_numbers)
        request = Request(kind, model, words or f"fox {number}")
        origin = Origin(user, user, number)
        # Who comes in one millisecond is in the order of the ids.
        named = job_id or f"job-{number:05}"
        return self.admission.admit(named, request, origin, price_usd=usd, provider="replicate", hit=hit)

    def job(self, user: int = 1, words: str = "") -> Job:
        answer = self.ask(user, words)
        assert isinstance(answer, Accepted)
        return answer.job

    def claimed(self, job: Job, owner: str = "worker-1") -> Job:
        found = self.ledger.claim(job.id, owner, Stage.GENERATE)
        assert found is not None
        return found

    def running(self, job: Job) -> Job:
        held = self.claimed(job)
        return self.ledger.running(self.ledger.submitting(held), f"p of {job.id}")

    def books(self, name: str = "all", period: str = "day") -> tuple[int, int]:
        """What is used and what is reserved of a budget; a number names a user."""
        span = span_of(period, datetime.fromtimestamp(clock.ask(self.redis), UTC).date())
        key = keys.budget_people(span) if name.isdigit() else keys.budget(span)
        committed, used = (int(value or 0) for value in self.redis.hmget(key, name, f"used:{name}"))
        return used, committed - used


@pytest.fixture(autouse=True)
def within_a_day() -> None:
    """No test's budget ends in the middle of it."""
    one_day(30)


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def house(
    client: "redis.Redis",
    settings_for: Callable[..., Settings],
    admission_for: Callable[..., BlockingAdmission],
) -> Callable[..., House]:
    def make(rates: dict[Tier, Rate] | None = None, **changed: object) -> House:
        settings = settings_for(**{"active_jobs": 1000, "lane_backlog": 1000, **changed})
        return House(client, settings, admission_for(settings, rates))

    return make


def vip(client: "redis.Redis", user: int) -> None:
    client.hset(keys.vips(), str(user), 9_999_999_999_999)


SCOPES: dict[str, tuple[str, Callable[[int], int]]] = {
    "all": ("0.10", lambda number: number),
    "provider": ("replicate:0.10", lambda number: number),
    "model": ("sketch:0.10", lambda number: number),
    "kind": ("image:0.10", lambda number: number),
    "tier": ("regular:0.10", lambda number: number),
    "person": ("person:0.10", lambda _: 1),
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("period", ["day", "month"])
def test_two_hundred_requests_at_once_never_exceed_a_budget(
    house: Callable[..., House], scope: str, period: str
) -> None:
    """Given a budget for ten jobs, when 200 are asked for at the same moment, I expect just ten to be
    taken."""
    text, user = SCOPES[scope]
    door = house(**{f"budget_{period}_usd": text})
    answers: list[Answer] = []
    start = threading.Barrier(20)

    def ask(first: int) -> None:
        start.wait()
        answers.extend(
            [
                door.ask(user(number + 1), f"owl {number}", job_id=f"at-once-{number}")
                for number in range(first, first + 10)
            ]
        )

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(0, 200, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(type(answer) for answer in answers) == {Accepted: 10, OverBudget: 190}
    assert door.books(period=period) == (0, 10 * CENT)


def test_who_is_over_budget_is_told_until_when_and_keeps_the_token(
    house: Callable[..., House], client: "redis.Redis"
) -> None:
    """Given a budget that is used up, I expect the day on which the next one begins, said once to a chat, no
    job, no token taken, and the token there when the budget has room again."""
    door = house({Tier.REGULAR: Rate(1 / 3600, 2)}, budget_day_usd="0.01")
    first = door.job()
    today = datetime.fromtimestamp(clock.ask(client), UTC).date()
    over = [door.ask(), door.ask(), door.ask()]
    assert over == [
        OverBudget("day", "all", today + timedelta(days=1), first=said) for said in (True, False, False)
    ]
    assert client.hget(keys.counts(), "admissions:over_budget") == "3"
    assert client.hget(keys.counts(), "over_budget:day:all") == "3"
    assert client.zcard(keys.active_of(1)) == 1
    assert door.ledger.cancel(first.id, 1)[0] is Cancellation.CANCELLED
    door.job()
    assert isinstance(door.ask(), OverBudget)


def test_rates_and_places_are_looked_at_first(house: Callable[..., House]) -> None:
    """Given a person without a token and a budget without room, I expect the rate to be what is told."""
    door = house({Tier.REGULAR: Rate(1 / 3600, 1)}, budget_day_usd="0.01")
    door.job()
    assert isinstance(door.ask(), Limited)


def test_of_several_budgets_the_one_that_ends_last_is_told(house: Callable[..., House]) -> None:
    """Given a day's and a month's budget without room, and a model's beside the whole, I expect the month's,
    and of one period the one that bears on the most."""
    door = house(budget_day_usd="0.01, sketch:0.01", budget_month_usd="0.01, sketch:0.01, image:0.01")
    door.job()
    answer = door.ask()
    assert isinstance(answer, OverBudget)
    assert (answer.period, answer.name, answer.ends.day) == ("month", "all", 1)


def test_a_price_above_the_whole_budget_is_told_as_such(house: Callable[..., House]) -> None:
    """Given a budget below the price of one video, I expect to hear that it will never do, and pictures go
    on."""
    door = house(budget_day_usd="video:0.05")
    answer = door.ask(kind=Kind.VIDEO, model="motion", usd=0.09)
    assert isinstance(answer, OverBudget)
    assert (answer.name, answer.never) == ("video", True)
    assert isinstance(door.ask(), Accepted)
    door = house(budget_day_usd="0")
    assert isinstance(door.ask(), OverBudget)
    assert isinstance(door.ask(usd=0.0), Accepted), "what costs nothing needs no budget"


def test_each_person_and_tier_has_a_budget_of_its_own(
    house: Callable[..., House], client: "redis.Redis"
) -> None:
    """Given budgets for each user, for each VIP and for all VIPs, I expect each to bound just those."""
    door = house(budget_day_usd="person:0.01, vip-person:0.02, vip:0.03")
    for user in (7, 8):
        vip(client, user)
    taken = [isinstance(door.ask(user), Accepted) for user in (1, 1, 2, 2, 7, 7, 7, 8, 8)]
    assert taken == [True, False, True, False, True, True, False, True, False]
    last = door.ask(8)
    assert isinstance(last, OverBudget)
    assert last.name == "vip"


def test_vips_may_be_without_a_bound(house: Callable[..., House], client: "redis.Redis") -> None:
    """Given a budget for each user and none for a VIP, I expect a VIP not to be stopped by it."""
    door = house(budget_day_usd="person:0.01, vip-person:off")
    vip(client, 7)
    assert [isinstance(door.ask(7), Accepted) for _ in range(3)] == [True] * 3


@pytest.mark.parametrize("budget", ["0.01", "person:0.01", "regular:0.01"])
def test_what_is_shared_or_cached_costs_nothing(house: Callable[..., House], budget: str) -> None:
    """Given a budget that is used up, I expect whoever asks for the same to get it, from the job in flight or
    from the cache, and the same request again to be no second one."""
    door = house(budget_day_usd=budget)
    leader = door.job(1, "the same fox")
    shared = door.ask(1, "the same fox")
    assert isinstance(shared, Accepted)
    assert shared.job.state is State.SHARING
    assert isinstance(door.ask(1, hit=Hit(PICTURE, "FILE")), Cached)
    assert isinstance(door.ask(1, "the same fox", job_id=leader.id), Duplicate)
    assert door.books() == (0, CENT)
    door.ledger.stored(door.ledger.storing(door.running(leader)), PICTURE)
    assert door.books() == (CENT, 0)


Way = Callable[[House, Job], object]


def _crashed(door: House, job: Job) -> object:
    return door.ledger.failed(door.claimed(job), Failure.CRASHED)


def _taken_over(door: House, job: Job) -> object:
    """Its worker dies once the provider has it, and another stores the result."""
    door.running(job)
    door.redis.zadd(keys.due(), {job.id: 0})
    held = door.claimed(job, "worker-2")
    return door.ledger.stored(door.ledger.storing(held), PICTURE)


def _unknown(door: House, job: Job) -> Job:
    return door.ledger.unknown(door.ledger.submitting(door.claimed(job)))


def _unsent(door: House, job: Job) -> Job:
    return door.ledger.unsent(door.ledger.submitting(door.claimed(job)))


WAYS: dict[str, tuple[Way, int]] = {
    "delivered": (lambda door, job: door.ledger.stored(door.ledger.storing(door.running(job)), PICTURE), 1),
    "cancelled while it waits": (lambda door, job: door.ledger.cancel(job.id, job.origin.user), 0),
    "cancelled in a slot": (lambda door, job: door.ledger.cancelled(door.claimed(job)), 0),
    "cancelled at the provider": (lambda door, job: door.ledger.cancelled(door.running(job)), 1),
    "failed before the call": (_crashed, 0),
    "the provider was away": (
        lambda door, job: door.ledger.failed(_unsent(door, job), Failure.PROVIDER_DOWN), 0,
    ),
    "the provider refused it": (
        lambda door, job: door.ledger.failed(
            door.ledger.submitting(door.claimed(job)), Failure.REFUSED
        ), 0,
    ),
    "an error of ours in the call": (
        lambda door, job: door.ledger.failed(
            door.ledger.submitting(door.claimed(job)), Failure.INTERNAL
        ), 1,
    ),
    "failed at the provider": (
        lambda door, job: door.ledger.failed(door.running(job), Failure.PROVIDER_FAILED), 1,
    ),
    "not ready in time": (lambda door, job: door.ledger.failed(door.running(job), Failure.TIMED_OUT), 1),
    "a broken file": (
        lambda door, job: door.ledger.failed(
            door.ledger.storing(door.running(job)), Failure.BAD_OUTPUT
        ), 1,
    ),
    "taken over": (_taken_over, 1),
    "never heard of": (lambda door, job: door.ledger.failed(_unknown(door, job), Failure.UNKNOWN_OUTCOME), 1),
    "found after all": (
        lambda door, job: (_unknown(door, job), door.ledger.adopt(job.id, f"p of {job.id}")), 1,
    ),
    "cancelled while nobody knows": (
        lambda door, job: (_unknown(door, job), door.ledger.cancel(job.id, job.origin.user)), 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_price_is_used_where_it_was_paid_and_else_released(house: Callable[..., House], way: str) -> None:
    """Given each way in which a job can end, I expect its price to be used once, or wholly released, in the
    books of all, of its provider, model, kind, tier and user, of the day and of the month."""
    door = house()
    end, paid = WAYS[way]
    job = door.job(5)
    for period in ("day", "month"):
        for name in ("all", "replicate", "sketch", "image", "regular", "5"):
            assert door.books(name, period) == (0, CENT)
    end(door, job)
    for period in ("day", "month"):
        for name in ("all", "replicate", "sketch", "image", "regular", "5"):
            assert door.books(name, period) == (paid * CENT, 0)


@pytest.mark.parametrize("now_usd", [0.03, 0.004])
def test_what_counts_as_used_is_what_the_paid_call_cost(house: Callable[..., House], now_usd: float) -> None:
    """Given a job whose model has become dearer or cheaper since it was taken, I expect its reservation to
    go, and what it cost when it was paid for to count as used."""
    one = house(budget_day_usd="1")
    held = one.claimed(one.job())
    assert one.books() == (0, CENT)
    one.ledger.running(one.ledger.submitting(held, price_usd=now_usd), "p1")
    assert one.books() == one.books("1") == (round(now_usd * 1_000_000), 0)


def test_an_heir_that_is_made_anew_takes_the_reservation_over(house: Callable[..., House]) -> None:
    """Given a waiting job that others share, when it is cancelled, I expect its price back for its user and
    reserved for the one that takes its place."""
    door = house(budget_day_usd="0.01")
    leader, follower = door.job(1, "the same fox"), door.job(2, "the same fox")
    assert door.ledger.cancel(leader.id, 1) == (Cancellation.CANCELLED, follower.id)
    assert (door.books("1"), door.books("2"), door.books()) == ((0, 0), (0, CENT), (0, CENT))
    door.running(follower)
    assert (door.books("1"), door.books("2"), door.books()) == ((0, 0), (CENT, 0), (CENT, 0))


def test_an_heir_of_a_prediction_pays_nothing(house: Callable[..., House]) -> None:
    """Given a running job that another shares, when it is cancelled, I expect who asked first to have
    paid."""
    door = house()
    leader, follower = door.job(1, "the same fox"), door.job(2, "the same fox")
    _, heirs = door.ledger.cancelled(door.running(leader))
    assert heirs == [follower.id]
    door.ledger.stored(door.ledger.storing(door.claimed(follower)), PICTURE)
    assert (door.books("1"), door.books("2"), door.books()) == ((CENT, 0), (0, 0), (CENT, 0))


@pytest.mark.parametrize("where", ["waiting", "in a slot"])
def test_the_heir_is_somebody_whose_budget_has_room(house: Callable[..., House], where: str) -> None:
    """Given followers of whom the first has used up their own budget, when the shared job is cancelled before
    it was paid, I expect the second to be its heir; and where nobody has room, each to be told so,
    uncounted."""
    door = house({Tier.REGULAR: Rate(1 / 3600, 9)}, budget_day_usd="person:0.01")
    leader = door.job(1, "the same fox")
    for user in (2, 4):
        door.job(user)
    followers = {user: door.job(user, "the same fox") for user in (2, 3, 4)}

    def cancel(job: Job) -> None:
        if where == "waiting":
            door.ledger.cancel(job.id, job.origin.user)
        else:
            door.ledger.cancelled(door.claimed(job))

    cancel(leader)
    assert door.redis.hget(keys.job(followers[3].id), "state") == "queued"
    assert door.ledger.followers(followers[3].id) == [followers[2].id, followers[4].id]
    cancel(followers[3])
    for user in (2, 4):
        ended = door.ledger.get(followers[user].id)
        assert ended is not None
        assert (ended.state, ended.failure, ended.told) == (State.FAILED, Failure.OVER_BUDGET, False)
        assert door.redis.hget(keys.job(ended.id), "token_taken") == "0"
        assert door.redis.zscore(keys.due(), ended.id) is not None, "somebody has to tell it"
        assert door.ledger.claim(ended.id, "worker-1", Stage.DELIVER) is not None
    assert door.books() == (0, 2 * CENT)


def test_a_restored_ledger_counts_what_may_have_been_paid_since(
    house: Callable[..., House], client: "redis.Redis", settings_for: Callable[..., Settings]
) -> None:
    """Given a snapshot with three jobs that wait, when one's file is found, one's prediction, and of one
    nothing is heard, I expect each to be used once."""
    door = house()
    jobs = [door.job(number) for number in (1, 2, 3)]
    restored = Restored(client, door.ledger, Broadcasts(client, settings_for()))
    for job, file in zip(jobs, (PICTURE, None, None), strict=True):
        restored.settle(job, 0, file, quiet=False)
    assert door.books() == (CENT, 2 * CENT)
    door.ledger.adopt(jobs[1].id, "p")
    door.ledger.failed(door.claimed(jobs[2]), Failure.UNKNOWN_OUTCOME)
    assert door.books() == (3 * CENT, 0)


def test_a_job_counts_where_it_was_admitted(house: Callable[..., House], client: "redis.Redis") -> None:
    """Given a job that was admitted on another day, when it is paid today, I expect that day's books to have
    it."""
    door = house()
    job = door.job()
    client.hset(keys.job(job.id), "reserved_in", "2001-02-03 2001-02")
    door.running(job)
    assert client.hget(keys.budget("2001-02-03"), "used:all") == str(CENT)
    assert door.books() == (0, CENT)
    assert 0 < int(client.ttl(keys.budget("2001-02-03"))) <= 40 * 86400


def test_prices_are_exact(house: Callable[..., House]) -> None:
    """Given a thousand jobs of a price that no sum of floats hits, I expect just their number in the
    budget."""
    door = house(budget_day_usd="0.1")
    taken = [isinstance(door.ask(usd=0.0001), Accepted) for _ in range(1003)]
    assert (taken.count(True), taken[:1000].count(True)) == (1000, 1000)
    assert door.books() == (0, 100_000)


def test_what_an_admin_sets_goes_before_the_settings(
    house: Callable[..., House], client: "redis.Redis"
) -> None:
    """Given budgets in the settings, when an admin sets others, I expect all doors to go by these from then
    on, by the settings again once they are reset, and every deed in the log."""
    door, other = house(budget_day_usd="0.01, image:5"), house(budget_day_usd="0.01, image:5")
    door.job()
    assert isinstance(other.ask(), OverBudget)
    door.budgets.set("day", "all", 2 * CENT, by=9)
    assert isinstance(other.ask(), Accepted)
    seen = {budget.name: budget for budget in other.budgets.all()}
    assert (seen["all"].limit, seen["all"].reserved, seen["all"].left) == (2 * CENT, 2 * CENT, 0)
    assert (seen["all"].chosen, seen["image"].chosen) == (True, False)
    door.budgets.set("day", "all", "off", by=9)
    door.budgets.set("month", "person", CENT, by=9)
    assert [(budget.period, budget.name, budget.used) for budget in other.budgets.all()] == [
        ("day", "image", 0),
        ("month", "person", None),
    ]
    assert isinstance(other.ask(2), Accepted)
    refused = other.ask(2)
    assert isinstance(refused, OverBudget)
    assert (refused.period, refused.name) == ("month", "person")
    assert door.budgets.reset("month", "person", by=9)
    assert not door.budgets.reset("month", "person", by=9)
    assert door.budgets.reset("day", "all", by=9)
    assert isinstance(other.ask(3), OverBudget)
    deeds = [(deed.who, deed.what, deed.whom, deed.detail) for deed in AuditLog(client).latest()]
    assert deeds == [
        (9, "budget reset", "day all", ""),
        (9, "budget reset", "month person", ""),
        (9, "budget reset", "month person", ""),
        (9, "budget", "month person", "$0.01"),
        (9, "budget", "day all", "off"),
        (9, "budget", "day all", "$0.02"),
    ]


def test_days_and_months_are_those_of_the_calendar(client: "redis.Redis") -> None:
    """Given the first and last moments of many days, I expect the scripts to name the dates that Python
    does."""
    draw = random.Random(7)
    days = [date(1970, 1, 1), date(2000, 2, 29), date(2026, 12, 31), date(2027, 1, 1), date(2100, 3, 1)]
    days += [date.fromordinal(draw.randint(719_163, 900_000)) for _ in range(300)]
    moments = [
        int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000 + offset
        for day in days
        for offset in (0, 86_399_999)
    ]
    script = assembled(
        "local found = {} for _, ms in ipairs(ARGV) do local span = spans_of(tonumber(ms))"
        " table.insert(found, span.day .. ' ' .. span.month) end return found"
    )
    found = client.eval(script, 0, *moments)
    expected = [f"{day.isoformat()} {day:%Y-%m}" for day in days for _ in range(2)]
    assert found == expected


@pytest.mark.parametrize(
    ("day", "tomorrow", "month"),
    [
        (date(2026, 11, 27), date(2026, 11, 28), date(2026, 12, 1)),
        (date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 1)),
        (date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1)),
    ],
)
def test_when_a_budget_ends(day: date, tomorrow: date, month: date) -> None:
    assert (next_of("day", day), next_of("month", day)) == (tomorrow, month)


@pytest.mark.parametrize("seed", range(5))
def test_the_books_agree_with_the_jobs_whatever_happens(house: Callable[..., House], seed: int) -> None:
    """Given random requests, ends, deaths, cancels and shares under budgets, after every step I expect no
    budget to be exceeded, reserved to be what open jobs have reserved, and used to be what was billed."""
    draw = random.Random(seed)
    limit, own = 25 * CENT, 6 * CENT
    door = house(budget_day_usd="0.25, person:0.06", budget_month_usd="0.40")
    alive: list[Job] = []
    for step in range(250):
        if not alive or draw.random() < 0.4:
            answer = door.ask(draw.randint(1, 6), f"fox {draw.randint(1, 12)}")
            if isinstance(answer, Accepted):
                alive.append(answer.job)
        else:
            _some_step(door, draw.choice(alive).id, draw, step)
        records = [door.redis.hgetall(keys.job(job.id)) for job in alive]
        reserved = sum(int(record.get("reserved", 0)) for record in records)
        billed = sum(int(record.get("billed", 0)) for record in records)
        assert door.books() == (billed, reserved)
        assert door.books(period="month") == (billed, reserved)
        assert billed + reserved <= limit
        for user in range(1, 7):
            assert sum(door.books(str(user))) <= own
        ended = [record for record in records if str(record["state"]) in ENDED]
        assert not [record for record in ended if int(record.get("reserved", 0))]
    assert billed, "some of it was paid"


def _some_step(door: House, job_id: str, draw: random.Random, step: int) -> None:
    """Whatever may happen to a job in its present state."""
    job, ledger = door.ledger.get(job_id), door.ledger
    if job is not None and draw.random() < 0.3:
        ledger.cancel(job.id, job.origin.user)
        job = ledger.get(job_id)
    if job is None or job.state in (*ENDED, State.STORED, State.SHARING):
        return
    door.redis.zadd(keys.due(), {job.id: 0})
    held = ledger.claim(job.id, f"worker-{step}", Stage.GENERATE)
    if held is not None:
        draw.choice(_next(ledger, held, draw, f"p-{step}"))()


def _next(ledger: Ledger, held: Job, draw: random.Random, name: str) -> list[Callable[[], object]]:
    """What may come next for a job that a worker holds, the likely things more than once."""
    if held.cancel:
        return [lambda: ledger.cancelled(held)]
    ways: dict[State, list[Callable[[], object]]] = {
        State.CLAIMED: [lambda: ledger.submitting(held)] * 3,
        State.SUBMITTING: [
            *[lambda: ledger.running(held, name)] * 3,
            *(lambda: ledger.unknown(held), lambda: ledger.unsent(held)),
        ],
        State.UNKNOWN: [lambda: ledger.adopt(held.id, name)],
        State.RUNNING: [lambda: ledger.storing(held)] * 2,
        State.STORING: [lambda: ledger.stored(held, replace(PICTURE, key=name))] * 3,
    }
    return [lambda: ledger.failed(held, draw.choice(list(Failure))), *ways[held.state]]
