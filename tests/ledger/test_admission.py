"""Admission on a real Redis: who gets in, what it costs them, and what they share."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis
from spool_stage import opened

from config.redis_urls import place_of
from config.settings import Settings
from jobs.digest import digest_of
from jobs.failures import GIFTS, Failure
from jobs.limits import Rate
from jobs.model import Artifact, Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from ledger import keys
from ledger.admission import (
    FOLLOWERS,
    Accepted,
    Blocked,
    Busy,
    Cached,
    Duplicate,
    Hit,
    Limited,
)
from ledger.cache import Cache, CacheLookup
from ledger.connection import connect
from ledger.jobs import Cancellation, Ledger, Stage
from sandbox.admission import BlockingAdmission

FOX = Request(Kind.IMAGE, "sketch", "a red fox", {"ar": "1:1"}, seed=7)
ANN = Origin(user=1, chat=1, reply_to=5)
BOB = Origin(user=2, chat=2, reply_to=6)
PICTURE = Artifact("2026-11/x.png", "image/png", 1234)
Door = Callable[..., BlockingAdmission]
TEN_A_MINUTE = {Tier.REGULAR: Rate(10 / 60, 10), Tier.VIP: Rate(0.5, 30)}


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def door(settings_for: Callable[..., Settings], admission_for: Door) -> Door:
    def make(rates: dict[Tier, Rate] | None = None, **settings: int) -> BlockingAdmission:
        return admission_for(settings_for(**{"active_jobs": 100, "lane_backlog": 100, **settings}), rates)

    return make


@pytest.fixture
def ledger(client: "redis.Redis", settings_for: Callable[..., Settings]) -> Ledger:
    return Ledger(client, settings_for())


def of(number: int) -> Request:
    return replace(FOX, prompt=f"fox {number}")


def accepted(answer: object) -> Job:
    assert isinstance(answer, Accepted)
    return answer.job


def running(ledger: Ledger, job_id: str, prediction: str = "p1") -> Job:
    job = ledger.claim(job_id, "worker-1", Stage.GENERATE)
    assert job is not None
    return ledger.running(ledger.submitting(job), prediction)


@pytest.mark.parametrize("run", range(20))
def test_sixty_requests_at_once_against_a_limit_of_ten(door: Door, client: "redis.Redis", run: int) -> None:
    """Given 60 concurrent requests of one user at three bots, exactly 10 get in."""
    bots = [door({Tier.REGULAR: Rate(10 / 3600, 10)}) for _ in range(3)]
    answers: list[str] = []
    start = threading.Barrier(60)

    def ask(number: int) -> None:
        start.wait()
        answer = bots[number % 3].admit(f"job-{run}-{number}", of(number), ANN)
        answers.append(type(answer).__name__)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (answers.count("Accepted"), answers.count("Limited")) == (10, 50)
    assert client.zcard(keys.active_of(1)) == 10


def test_a_redis_that_has_forgotten_the_scripts_is_given_them_again(
    door: Door, client: "redis.Redis"
) -> None:
    """Given a bot that has admitted something, when Redis has forgotten all scripts, as after a restart, I
    expect the next requests to be decided as ever."""
    admission = door()
    accepted(admission.admit("fox", FOX, ANN))
    client.script_flush()
    assert isinstance(admission.admit("fox", FOX, ANN), Duplicate)
    accepted(admission.admit("cat", of(1), ANN))


def test_a_limited_user_is_told_the_exact_wait_once(door: Door) -> None:
    """Given 10 a minute and 10 taken, the next token comes in 6 s; the second refusal says it was said."""
    admission = door(TEN_A_MINUTE)
    for number in range(10):
        accepted(admission.admit(f"job-{number}", of(number), ANN))
    first, second = admission.admit("job-10", of(10), ANN), admission.admit("job-11", of(11), ANN)
    assert isinstance(first, Limited)
    assert isinstance(second, Limited)
    assert 5 < second.retry_after_s <= first.retry_after_s <= 6
    assert (first.first, second.first) == (True, False)
    accepted(admission.admit("other", of(10), BOB))


def test_a_duplicate_costs_nothing(door: Door) -> None:
    admission = door({Tier.REGULAR: Rate(1 / 3600, 2)})
    accepted(admission.admit("fox", FOX, ANN))
    assert isinstance(admission.admit("fox", FOX, ANN), Duplicate)
    accepted(admission.admit("cat", of(1), ANN))
    assert isinstance(admission.admit("cat", of(1), ANN), Duplicate)
    assert isinstance(admission.admit("dog", of(2), ANN), Limited)


def test_the_fourth_active_job_is_turned_away_and_costs_nothing(door: Door, ledger: Ledger) -> None:
    """Given 3 active jobs of a user, a 4th waits until one of them ends; a VIP may have 10."""
    admission = door({Tier.REGULAR: Rate(1 / 3600, 4)}, active_jobs=3)
    for number in range(3):
        accepted(admission.admit(f"job-{number}", of(number), ANN))
    assert admission.admit("job-3", of(3), ANN) == Busy(None, 3)
    assert ledger.cancel("job-0", 1)[0] is Cancellation.CANCELLED
    accepted(admission.admit("job-3", of(3), ANN))


def test_a_full_lane_takes_no_more_but_other_lanes_do(door: Door, client: "redis.Redis") -> None:
    admission = door(lane_backlog=2)
    accepted(admission.admit("job-0", of(0), ANN))
    accepted(admission.admit("job-1", of(1), BOB))
    assert admission.admit("job-2", of(2), ANN) == Busy(Lane.IMG, 2)
    accepted(admission.admit("clip", replace(FOX, kind=Kind.VIDEO, model="motion"), ANN))
    client.hset(keys.vips(), "1", 4_000_000_000_000)
    vip = accepted(admission.admit("job-3", of(3), ANN))
    assert (vip.lane, vip.tier) == (Lane.VIP, Tier.VIP)


def test_a_vip_time_that_is_over_counts_no_more(door: Door, client: "redis.Redis") -> None:
    client.hset(keys.vips(), "1", 1_000)
    assert accepted(door().admit("fox", FOX, ANN)).tier is Tier.REGULAR


def test_a_blocked_user_gets_nothing(door: Door, client: "redis.Redis") -> None:
    client.sadd(keys.blocked(), "1")
    assert door().admit("fox", FOX, ANN) == Blocked()
    assert client.exists(keys.job("fox")) == 0


@pytest.mark.parametrize(
    ("failure", "given_back"),
    [(Failure.PROVIDER_DOWN, True), (Failure.REFUSED, False), (Failure.CRASHED, True)],
)
def test_a_token_comes_back_once_when_the_failure_was_ours(
    door: Door,
    ledger: Ledger,
    client: "redis.Redis",
    failure: Failure,
    given_back: bool,
) -> None:
    admission = door({Tier.REGULAR: Rate(1 / 3600, 1)})
    accepted(admission.admit("fox", FOX, ANN))
    ledger.failed(running(ledger, "fox"), failure)
    answer = admission.admit("cat", of(1), ANN)
    assert isinstance(answer, Accepted) is given_back
    assert (client.hget(keys.counts(), "tokens_given_back") or "0") == str(int(given_back))


PAID = (
    *(Failure.BAD_OUTPUT, Failure.PROVIDER_FAILED, Failure.TOO_LARGE, Failure.TIMED_OUT),
    *(Failure.CRASHED, Failure.INTERNAL, Failure.PROVIDER_DOWN),
)


@pytest.mark.parametrize("failure", PAID)
def test_paid_jobs_that_fail_by_our_fault_are_given_back_a_few_times_an_hour(
    door: Door, ledger: Ledger, client: "redis.Redis", failure: Failure
) -> None:
    """Given a person with 3 tokens all of whose jobs fail once the provider has them, I expect 3 paid jobs
    and those that the gifts allow, and not one for each failure; who asks next has gifts of their own."""
    admission = door({Tier.REGULAR: Rate(1 / 3600, 3)})
    told = []
    for number in range(20):
        if isinstance(admission.admit(f"fox-{number}", of(number), ANN), Limited):
            break
        ended, _ = ledger.failed(running(ledger, f"fox-{number}", f"p-{number}"), failure)
        told.append(ended.counted)
    assert told == [False] * GIFTS + [True] * 3
    assert client.hget(keys.counts(), "tokens_given_back") == str(GIFTS)
    assert client.hget(keys.counts(), "tokens_kept") == "3"
    accepted(admission.admit("cat", of(30), BOB))
    assert not ledger.failed(running(ledger, "cat", "p of cat"), failure)[0].counted


def test_the_gifts_come_back_after_an_hour(door: Door, ledger: Ledger, client: "redis.Redis") -> None:
    """Given gifts that are used up, when the oldest was an hour ago, I expect one more, and one only."""
    admission = door({Tier.REGULAR: Rate(1 / 3600, 10)})

    def counted(number: int) -> bool:
        accepted(admission.admit(f"fox-{number}", of(number), ANN))
        return ledger.failed(running(ledger, f"fox-{number}", f"p-{number}"), Failure.BAD_OUTPUT)[0].counted

    assert [counted(number) for number in range(3)] == [False, False, True]
    oldest = int(client.lindex(keys.gifts(1), -1))  # type: ignore[arg-type]
    client.lset(keys.gifts(1), -1, str(oldest - 3_600_000))
    assert [counted(number) for number in range(3, 5)] == [False, True]


def test_what_was_not_paid_is_given_back_however_often(door: Door, ledger: Ledger) -> None:
    """Given jobs that fail in many ways before the provider has them, I expect every token back."""
    admission = door({Tier.REGULAR: Rate(1 / 3600, 1)})

    def claimed(job_id: str) -> Job:
        job = ledger.claim(job_id, "worker-1", Stage.GENERATE)
        assert job is not None
        return job

    ends: list[Callable[[str], tuple[Job, list[str]]]] = [
        lambda name: ledger.failed(claimed(name), Failure.CRASHED),
        lambda name: ledger.failed(claimed(name), Failure.SOURCE_GONE),
        lambda name: ledger.failed(ledger.submitting(claimed(name)), Failure.NOT_CONFIGURED),
        lambda name: ledger.failed(ledger.unsent(ledger.submitting(claimed(name))), Failure.PROVIDER_DOWN),
        lambda name: ledger.failed(ledger.unsent(ledger.submitting(claimed(name))), Failure.INTERNAL),
    ]
    for number, end in enumerate(ends * 2):
        accepted(admission.admit(f"fox-{number}", of(number), ANN))
        assert not end(f"fox-{number}")[0].counted


@pytest.mark.parametrize("failure", [Failure.INTERNAL, Failure.CRASHED, Failure.UNKNOWN_OUTCOME])
def test_what_may_have_been_paid_counts_as_paid(door: Door, ledger: Ledger, failure: Failure) -> None:
    """Given paid calls whose outcome nobody knows, I expect the gifts to be used up by them."""
    admission = door({Tier.REGULAR: Rate(1 / 3600, 10)})
    counted = []
    for number in range(GIFTS + 1):
        accepted(admission.admit(f"fox-{number}", of(number), ANN))
        job = ledger.claim(f"fox-{number}", "worker-1", Stage.GENERATE)
        assert job is not None
        job = ledger.submitting(job)
        if failure is Failure.UNKNOWN_OUTCOME:
            job = ledger.unknown(job)
        counted.append(ledger.failed(job, failure)[0].counted)
    assert counted == [False] * GIFTS + [True]


def test_a_cancel_gives_the_token_back_only_while_the_job_waits(door: Door, ledger: Ledger) -> None:
    admission = door({Tier.REGULAR: Rate(1 / 3600, 1)})
    accepted(admission.admit("fox", FOX, ANN))
    ledger.cancel("fox", 1)
    accepted(admission.admit("cat", of(1), ANN))
    ledger.cancelled(running(ledger, "cat"))
    assert isinstance(admission.admit("dog", of(2), ANN), Limited)


@pytest.mark.parametrize(
    ("rates", "most"),
    [({Tier.REGULAR: Rate(1 / 3600, 1)}, {}), ({}, {"active_jobs": 1}), ({}, {"lane_backlog": 1})],
    ids=["limited", "active", "backlog"],
)
def test_each_chat_is_told_once_why_nothing_is_taken(
    door: Door, rates: dict[Tier, Rate], most: dict[str, int]
) -> None:
    """Given a person whose requests are turned away in a group, when they ask again there and in private, I
    expect the group to have been told once, and the private chat to be told too."""
    admission = door(rates, **most)
    accepted(admission.admit("job-0", of(0), ANN))
    group = replace(ANN, chat=-100)
    first = [
        admission.admit(f"job-{number}", of(number), where).first  # type: ignore[union-attr]
        for number, where in enumerate([group, group, ANN, ANN, group], 1)
    ]
    assert first == [True, False, True, False, False]


def test_a_hit_is_stored_at_once_and_takes_a_token(door: Door, client: "redis.Redis") -> None:
    """Given a result in the cache, the job is ready to be delivered by its file_id, and nothing is made."""
    admission = door({Tier.REGULAR: Rate(1 / 3600, 1)})
    answer = admission.admit("fox", FOX, ANN, hit=Hit(PICTURE, "FILE"))
    assert isinstance(answer, Cached)
    job = answer.job
    assert (job.state, job.artifact, job.file_id, job.cached) == (State.STORED, PICTURE, "FILE", True)
    assert client.zcard(keys.waiting(Lane.IMG)) == 0
    assert isinstance(admission.admit("cat", FOX, ANN, hit=Hit(PICTURE, "FILE")), Limited)


@pytest.mark.parametrize("seed", [99, 0])
def test_a_hit_is_told_with_the_seed_it_was_made_with(door: Door, seed: int) -> None:
    """Given a result in the cache, when it is asked for again, I expect its seed and not the one drawn for
    the request; where the cache does not know it, none."""
    answer = door().admit("fox", FOX, ANN, hit=Hit(PICTURE, "FILE", seed))
    assert isinstance(answer, Cached)
    assert answer.job.request.seed == seed


def test_whoever_wants_it_anew_gets_neither_the_cache_nor_a_share(
    door: Door,
) -> None:
    admission = door()
    accepted(admission.admit("fox", FOX, ANN))
    anew = accepted(admission.admit("fox-2", FOX, BOB, fresh=True, hit=Hit(PICTURE, "FILE")))
    assert (anew.state, anew.cached) == (State.ACCEPTED, False)


def test_identical_requests_in_flight_share_one_generation(
    door: Door, ledger: Ledger, client: "redis.Redis"
) -> None:
    """Given three users with the same words, one job is made, and all three are owed its picture."""
    admission = door(lane_backlog=1)
    accepted(admission.admit("fox-1", FOX, ANN))
    for number, words in ((2, "A  RED fox"), (3, "a red fox ")):
        origin = replace(ANN, user=number, chat=number)
        assert (
            accepted(admission.admit(f"fox-{number}", replace(FOX, prompt=words), origin)).state
            is State.SHARING
        )
    assert client.zcard(keys.waiting(Lane.IMG)) == 1
    _, others = ledger.stored(ledger.storing(running(ledger, "fox-1")), PICTURE)
    assert others == ["fox-2", "fox-3"]
    for job_id in others:
        delivery = ledger.claim(job_id, "worker-2", Stage.DELIVER)
        assert delivery is not None
        assert delivery.artifact == PICTURE
    later = accepted(admission.admit("fox-4", FOX, BOB))
    assert later.state is State.ACCEPTED


def test_a_shared_result_is_told_with_the_seed_it_was_made_with(door: Door, ledger: Ledger) -> None:
    """Given identical requests, each with a seed drawn for it, when they share a picture, I expect the
    leader's seed in all of them, in the heir of a cancelled leader too."""
    admission = door()
    accepted(admission.admit("fox-1", FOX, ANN))
    followers = [
        accepted(admission.admit(f"fox-{n}", replace(FOX, seed=n), replace(BOB, user=n))) for n in (2, 3)
    ]
    assert [job.request.seed for job in followers] == [FOX.seed, FOX.seed]
    held = running(ledger, "fox-1")
    ledger.cancel("fox-1", 1)
    ledger.cancelled(held)
    heir = ledger.claim("fox-2", "worker-2", Stage.GENERATE)
    assert heir is not None
    assert (heir.prediction, heir.request.seed) == ("p1", FOX.seed)


def test_a_shared_failure_is_everybodys(door: Door, ledger: Ledger, client: "redis.Redis") -> None:
    admission = door({Tier.REGULAR: Rate(1 / 3600, 1)})
    accepted(admission.admit("fox-1", FOX, ANN))
    accepted(admission.admit("fox-2", FOX, BOB))
    _, others = ledger.failed(running(ledger, "fox-1"), Failure.TIMED_OUT)
    follower = ledger.get("fox-2")
    assert follower is not None
    assert (others, follower.state, follower.failure) == (["fox-2"], State.FAILED, Failure.TIMED_OUT)
    assert client.hget(keys.counts(), "tokens_given_back") == "2"


def test_the_first_users_cancel_leaves_the_others_their_picture(door: Door, ledger: Ledger) -> None:
    """Given a running job that two others share, its cancel makes the next one its heir."""
    admission = door()
    accepted(admission.admit("fox-1", FOX, ANN))
    accepted(admission.admit("fox-2", FOX, BOB))
    accepted(admission.admit("fox-3", FOX, replace(BOB, user=3)))
    held = running(ledger, "fox-1")
    assert ledger.cancel("fox-1", 1) == (Cancellation.CANCELLING, "")
    ended, heirs = ledger.cancelled(held)
    assert (ended.state, heirs) == (State.CANCELLED, ["fox-2"])
    heir = ledger.claim("fox-2", "worker-2", Stage.GENERATE)
    assert heir is not None
    assert (heir.state, heir.prediction, heir.crashes) == (State.RUNNING, "p1", 0)
    assert heir.stamps["running"] == held.stamps["running"]
    fourth = accepted(admission.admit("fox-4", FOX, replace(BOB, user=4)))
    assert fourth.state is State.SHARING
    _, others = ledger.stored(ledger.storing(heir), PICTURE)
    assert others == ["fox-3", "fox-4"]


def test_a_cancel_before_the_start_hands_the_place_on(door: Door, ledger: Ledger) -> None:
    admission = door()
    accepted(admission.admit("fox-1", FOX, ANN))
    accepted(admission.admit("fox-2", FOX, BOB))
    assert ledger.cancel("fox-1", 1) == (Cancellation.CANCELLED, "fox-2")
    heir = ledger.claim("fox-2", "worker-1", Stage.GENERATE)
    assert heir is not None
    assert (heir.state, heir.prediction) == (State.CLAIMED, "")


@pytest.fixture
def vip(client: "redis.Redis") -> Origin:
    """Bob is one."""
    client.hset(keys.vips(), str(BOB.user), 9_999_999_999_999)
    return BOB


def test_a_vip_waits_in_no_line_of_others(door: Door, ledger: Ledger, vip: Origin) -> None:
    """Given a regular job that waits, I expect a VIP's identical request to be made in the VIP lane, and
    those that come later to share that; and a VIP to share what is being made already."""
    admission = door()
    accepted(admission.admit("fox-1", FOX, ANN))
    own = accepted(admission.admit("fox-2", FOX, vip))
    assert (own.state, own.lane) == (State.ACCEPTED, Lane.VIP)
    assert accepted(admission.admit("fox-3", FOX, replace(ANN, user=3))).state is State.SHARING
    assert ledger.followers("fox-2") == ["fox-3"]

    accepted(admission.admit("cat-1", of(1), ANN))
    running(ledger, "cat-1")
    assert accepted(admission.admit("cat-2", of(1), vip)).state is State.SHARING


def test_nobody_waits_for_a_paused_lane_of_others(
    door: Door, ledger: Ledger, vip: Origin, client: "redis.Redis"
) -> None:
    """Given a VIP's job in a paused lane, I expect a regular request for the same to be made, not to wait."""
    admission = door()
    client.sadd(keys.paused(), Lane.VIP)
    accepted(admission.admit("fox-1", FOX, vip))
    own = accepted(admission.admit("fox-2", FOX, ANN))
    assert (own.state, own.lane) == (State.ACCEPTED, Lane.IMG)


def test_where_others_take_a_place_in_line_the_vip_leads(door: Door, ledger: Ledger, vip: Origin) -> None:
    """Given a job that was claimed when others came to share it, a VIP among them, when it is cancelled
    before it was submitted, I expect the VIP's to be made next, for all that are left."""
    admission = door()
    accepted(admission.admit("fox-1", FOX, ANN))
    held = ledger.claim("fox-1", "worker-1", Stage.GENERATE)
    assert held is not None
    for name, origin in (("fox-2", replace(ANN, user=3)), ("fox-3", vip), ("fox-4", replace(ANN, user=4))):
        assert accepted(admission.admit(name, FOX, origin)).state is State.SHARING
    _, heirs = ledger.cancelled(held)
    assert heirs == ["fox-3"]
    assert sorted(ledger.followers("fox-3")) == ["fox-2", "fox-4"]
    _, others = ledger.stored(ledger.storing(running(ledger, "fox-3")), PICTURE)
    assert sorted(others) == ["fox-2", "fox-4"]


def test_one_result_is_shared_by_so_many_and_no_more(door: Door, ledger: Ledger) -> None:
    """Given words that everybody asks for, I expect one more job for each FOLLOWERS of them, and each to be
    settled with its own."""
    admission = door(lane_backlog=10)
    names = [f"fox-{number}" for number in range(FOLLOWERS + 3)]
    states = [
        accepted(admission.admit(name, FOX, replace(ANN, user=user, chat=user))).state
        for user, name in enumerate(names, start=1)
    ]
    assert [names[at] for at, state in enumerate(states) if state is State.ACCEPTED] == [
        *(names[0], names[FOLLOWERS + 1]),
    ]
    _, first = ledger.stored(ledger.storing(running(ledger, names[0])), PICTURE)
    _, second = ledger.stored(ledger.storing(running(ledger, names[FOLLOWERS + 1], "p2")), PICTURE)
    assert sorted(first) == sorted(names[1 : FOLLOWERS + 1])
    assert second == names[FOLLOWERS + 2 :]


def test_a_follower_may_cancel_for_itself(door: Door, ledger: Ledger) -> None:
    admission = door()
    accepted(admission.admit("fox-1", FOX, ANN))
    accepted(admission.admit("fox-2", FOX, BOB))
    assert ledger.cancel("fox-2", 2) == (Cancellation.CANCELLED, "")
    _, others = ledger.stored(ledger.storing(running(ledger, "fox-1")), PICTURE)
    assert others == []


def test_a_paused_lane_keeps_its_jobs(door: Door, ledger: Ledger, client: "redis.Redis") -> None:
    accepted(door().admit("fox", FOX, ANN))
    client.sadd(keys.paused(), Lane.IMG)
    assert ledger.claim("fox", "worker-1", Stage.GENERATE) is None
    client.srem(keys.paused(), Lane.IMG)
    assert ledger.claim("fox", "worker-1", Stage.GENERATE) is not None


def test_the_submissions_of_a_day_are_summed_by_model(
    door: Door, ledger: Ledger, client: "redis.Redis"
) -> None:
    """Given two submissions and one shared job, the list price of two is written down."""
    admission = door()
    accepted(admission.admit("fox-1", FOX, ANN, price_usd=0.25))
    accepted(admission.admit("fox-2", FOX, BOB, price_usd=0.25))
    accepted(admission.admit("cat", of(1), BOB, price_usd=0.25))
    for job_id in ("fox-1", "cat"):
        ledger.storing(running(ledger, job_id, f"p of {job_id}"))
    days = list(client.scan_iter(keys.spend("*")))
    assert len(days) == 1
    assert client.hget(days[0], "sketch") == "0.5"


def test_what_matters_makes_the_digest() -> None:
    """Case, spaces and a drawn seed make no difference; an explicit seed or another ratio does."""
    same = (replace(FOX, prompt="  A RED\nFox "), replace(FOX, seed=8))
    other = (
        replace(FOX, options={"ar": "1:1", "seed": 8}),
        replace(FOX, options={"ar": "16:9"}),
        replace(FOX, model="other"),
        replace(FOX, source="abc"),
        replace(FOX, prompt="a red foxes"),
    )
    assert {digest_of(request) for request in same} == {digest_of(FOX)}
    assert len({digest_of(request) for request in (FOX, *other)}) == 1 + len(other)


async def looked_up(url: str, digest: str, bot: str = "") -> Hit | None:
    """What the bot finds in the cache."""
    async with opened(place_of(url)) as pipeline:
        return await CacheLookup(pipeline, bot).get(digest)


async def test_the_cache_forgets_and_may_be_away(client: "redis.Redis", redis_url: str) -> None:
    """Given what a worker has put into the cache, I expect worker and bot to find it, also without the seed
    that earlier releases left out; and nothing where nothing is kept or no cache answers."""
    cache = Cache(client, ttl_s=100)
    cache.put("d", Hit(PICTURE, "FILE", 7))
    assert cache.get("d") == await looked_up(redis_url, "d") == Hit(PICTURE, "FILE", 7)
    entry = json.loads(client.get(keys.cached("d")))  # type: ignore[arg-type]
    del entry["seed"]
    client.set(keys.cached("earlier"), json.dumps(entry))
    assert cache.get("earlier") == await looked_up(redis_url, "earlier") == Hit(PICTURE, "FILE")
    assert 0 < int(client.ttl(keys.cached("d"))) <= 100
    assert cache.get("e") is await looked_up(redis_url, "e") is None
    Cache(client, ttl_s=0).put("f", Hit(PICTURE, "FILE"))
    assert cache.get("f") is None
    away = connect("redis://127.0.0.1:1/0")
    Cache(away, 100).put("d", Hit(PICTURE, "FILE"))
    assert Cache(away, 100).get("d") is None
    assert await looked_up("redis://127.0.0.1:1/0", "d") is None
    away.close()


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "no JSON",
        "[]",
        "null",
        '{"version": 2, "key": "k", "mime": "image/png", "size": 1, "file_id": "F", "bot": "7"}',
        '{"version": 1, "key": "k", "mime": "image/png", "size": "many", "file_id": "F", "bot": "7"}',
        '{"artifact": {"key": "k", "mime": "image/png", "size": 1}, "file_id": "F"}',
    ],
)
async def test_a_cache_entry_of_another_release_is_none(
    client: "redis.Redis", redis_url: str, entry: str
) -> None:
    """Given an entry that this release cannot read, I expect nothing found, and no error."""
    client.set(keys.cached("d"), entry)
    assert Cache(client, 100, "7").get("d") is None
    assert await looked_up(redis_url, "d", "7") is None


async def test_another_bots_name_for_a_file_is_not_used(client: "redis.Redis", redis_url: str) -> None:
    """Given an entry that another bot has left, I expect its artifact, which has to be uploaded."""
    Cache(client, 100, "7").put("d", Hit(PICTURE, "FILE"))
    assert Cache(client, 100, "8").get("d") == await looked_up(redis_url, "d", "8") == Hit(PICTURE, "")
    assert await looked_up(redis_url, "d", "7") == Hit(PICTURE, "FILE")
    Cache(client, 100, "8").drop("d")
    assert Cache(client, 100, "7").get("d") is None
