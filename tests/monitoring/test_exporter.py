"""The exporter on a real Redis: what jobs do is what the metrics say, exactly, whoever asks how often."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import redis
from brokers import broker
from prometheus_client import CollectorRegistry, generate_latest

from config.settings import ROOT, Settings
from jobs.digest import digest_of
from jobs.errors import LedgerUnavailable
from jobs.failures import Failure
from jobs.model import Artifact, Job, Kind, Lane, Origin, Request
from jobs.states import State
from ledger import keys
from ledger.admin.vips import Vips
from ledger.admission import Accepted, Hit, OverBudget
from ledger.connection import connect
from ledger.jobs import Ledger, Stage, Unheard, Way
from ledger.limits.budgets import Budgets
from ledger.processes.metrics_buffer import MetricsBuffer
from ledger.processes.resource_usage import measure
from ledger.processes.workers import Sign, Workers
from ledger.queues.durable_queue import ANSWERS, UPDATES
from monitoring.collector import Darkroom
from monitoring.snapshot import list_of
from sandbox.admission import BlockingAdmission
from tasks.app import app
from tasks.publish import Publisher

ANN = 7_123_456_789
PROMPT = "a red fox in the quietest snow"
PICTURE = Artifact("2026-11/x.png", "image/png", 1234)


class Scene:
    """The ledger, its door, and the exporter."""

    def __init__(self, client: "redis.Redis", settings: Settings, door: BlockingAdmission) -> None:
        self.redis = client
        self.settings = settings
        self.ledger = Ledger(client, settings)
        self.door = door

    def admit(self, job_id: str, kind: Kind = Kind.IMAGE, user: int = ANN, *, fresh: bool = True) -> Job:
        request = Request(kind, "sketch", PROMPT, seed=7)
        answer = self.door.admit(job_id, request, Origin(user, user, 5), fresh=fresh, price_usd=0.003)
        assert isinstance(answer, Accepted)
        return answer.job

    def made(self, job_id: str, kind: Kind = Kind.IMAGE, completed: float | None = None) -> Job:
        """A job that is stored."""
        self.admit(job_id, kind)
        self.ledger.published(job_id)
        job = self.ledger.claim(job_id, "host:1:a", Stage.GENERATE)
        assert job is not None
        job = self.ledger.running(self.ledger.submitting(job), f"p-{job_id}")
        job = self.ledger.storing(replace(job, polls=4), completed)
        return self.ledger.stored(job, PICTURE)[0]

    def given(self, job_id: str, way: Way = Way.EDIT, kind: Kind = Kind.IMAGE) -> Job:
        """A job that is delivered."""
        self.made(job_id, kind)
        job = self.ledger.claim(job_id, "host:2:b", Stage.DELIVER)
        assert job is not None
        return self.ledger.delivered(job, "FILE", way)

    def scrape(self) -> "Scrape":
        collector = Darkroom(self.settings, app)
        registry = CollectorRegistry()
        registry.register(collector)
        try:
            return Scrape(registry)
        finally:
            collector.close()


class Scrape:
    """One scrape: `scrape("jobs_total", type="image", status="failed")`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.text = generate_latest(registry).decode()
        self._samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for metric in registry.collect()
            for sample in metric.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        return self._samples[name, frozenset(labels.items())]

    def has(self, name: str) -> bool:
        return any(known == name for known, _ in self._samples)


@pytest.fixture
def scene(
    redis_url: str,
    settings_for: Callable[..., Settings],
    admission_for: Callable[..., BlockingAdmission],
) -> Iterator[Scene]:
    client, settings = connect(redis_url), settings_for(lease_s=30.0)
    door = admission_for(replace(settings, active_jobs=1000, lane_backlog=1000))
    with broker(redis_url):
        yield Scene(client, settings, door)
    client.close()


def test_each_way_of_a_job_is_counted_once_and_the_same_for_all_who_ask(scene: Scene) -> None:
    """Given five jobs with different ends, two exporters that were never there before know all of it."""
    scene.given("edit")
    scene.given("fallback", Way.FALLBACK)
    scene.given("film", kind=Kind.VIDEO)
    scene.admit("failed")
    job = scene.ledger.claim("failed", "host:1:a", Stage.GENERATE)
    assert job is not None
    failed, _ = scene.ledger.failed(job, Failure.PROVIDER_DOWN)
    scene.ledger.told(failed, Unheard.REFUSED)
    scene.admit("waits")
    first, second = scene.scrape(), scene.scrape()
    for seen in (first, second):
        assert seen("jobs_total", type="image", status="accepted") == 4
        assert seen("jobs_total", type="image", status="delivered") == 2
        assert seen("jobs_total", type="video", status="delivered") == 1
        assert seen("jobs_total", type="image", status="failed") == 1
        assert seen("job_failures_total", type="image", reason="provider_down", fault="ours") == 1
        assert seen("job_failures_total", type="image", reason="refused", fault="theirs") == 0
        assert seen("deliveries_total", type="image", way="edit") == 1
        assert seen("deliveries_total", type="image", way="fallback") == 1
        assert seen("deliveries_total", type="image", way="link") == 0
        assert seen("jobs_unheard_total", type="image", reason="refused") == 1
        assert seen("jobs_unheard_total", type="image", reason="gone") == 0
        assert seen("jobs_in_state", state="accepted") == 1
        assert seen("admissions_total", answer="accepted") == 5
        assert seen("jobs_unaccounted") == 0
        assert seen("provider_spend_usd_total", model="sketch") == pytest.approx(0.009)
        assert seen("queue_jobs_started_total", queue_name="img") == 3
        assert seen("queue_jobs_started_total", queue_name="vid") == 1


def test_budgets_are_seen_as_admission_sees_them(
    scene: Scene, admission_for: Callable[..., BlockingAdmission]
) -> None:
    """Given budgets of the settings and of an admin, one job that waits, one that was paid and one refused, I
    expect each budget's limit, what is used, what is reserved, and whom it has turned away."""
    settings = replace(scene.settings, budget_day_usd="0.006, person:5", active_jobs=9, lane_backlog=9)
    scene.settings, scene.door = settings, admission_for(settings)
    Budgets(scene.redis, settings).set("month", "image", 1_000_000, by=1)
    scene.made("paid")
    scene.admit("waits")
    request = Request(Kind.IMAGE, "sketch", PROMPT)
    refused = scene.door.admit("refused", request, Origin(ANN, ANN, 5), fresh=True, price_usd=0.003)
    assert isinstance(refused, OverBudget)
    seen = scene.scrape()
    for labels, limit in (
        ({"period": "day", "budget": "all"}, 0.006),
        ({"period": "month", "budget": "image"}, 1),
    ):
        assert seen("budget_usd", **labels) == limit
        assert seen("budget_used_usd", **labels) == 0.003
        assert seen("budget_reserved_usd", **labels) == 0.003
        assert seen("budget_refusals_total", **labels) == (labels["budget"] == "all")
    assert seen("budget_refusals_total", period="day", budget="person") == 0
    with pytest.raises(KeyError):
        seen("budget_usd", period="day", budget="person")
    assert seen("admissions_total", answer="over_budget") == 1


def test_every_stage_has_its_time(scene: Scene) -> None:
    """Given a job that waited 100 s and ran on, its stages, its processing and its whole way are observed."""
    scene.admit("fox")
    admitted = int(time.time() * 1000) - 100_000
    scene.redis.hset(keys.job("fox"), "at:accepted", admitted)
    job = scene.ledger.claim("fox", "host:1:a", Stage.GENERATE)
    assert job is not None
    running = scene.ledger.running(scene.ledger.submitting(job), "p")
    storing = scene.ledger.storing(replace(running, polls=4), time.time() - 2.5)
    scene.ledger.stored(storing, PICTURE)
    delivery = scene.ledger.claim("fox", "host:2:b", Stage.DELIVER)
    assert delivery is not None
    scene.ledger.delivered(delivery, "FILE")
    seen = scene.scrape()
    of = {"type": "image", "tier": "regular"}
    for stage in ("wait", "submit", "generate", "store", "deliver"):
        assert seen("job_stage_duration_seconds_count", stage=stage, **of) == 1
    assert seen("job_stage_duration_seconds_bucket", stage="wait", le="60.0", **of) == 0
    assert seen("job_stage_duration_seconds_bucket", stage="wait", le="120.0", **of) == 1
    assert 100 <= seen("job_stage_duration_seconds_sum", stage="wait", **of) < 110
    assert seen("job_duration_seconds_sum", type="image") < 50
    assert seen("job_end_to_end_duration_seconds_sum", **of) >= 100
    assert seen("job_polls_sum", model="sketch") == 4
    assert seen("job_polls_bucket", model="sketch", le="3.0") == 0
    assert seen("job_polls_bucket", model="sketch", le="5.0") == 1
    assert 2 <= seen("job_detection_lag_seconds_sum", model="sketch") < 12


def test_a_result_that_was_there_already_is_a_hit_and_waits_for_no_worker(scene: Scene) -> None:
    """Given the same words twice, the second from the cache, one miss and one hit are counted."""
    job = scene.admit("first", fresh=False)
    assert job.digest == digest_of(job.request)
    request = Request(Kind.IMAGE, "sketch", PROMPT, seed=9)
    scene.door.admit("second", request, Origin(8, 8, 1), hit=Hit(PICTURE, "FILE"))
    seen = scene.scrape()
    assert seen("cache_requests_total", result="miss") == 1
    assert seen("cache_requests_total", result="hit") == 1
    assert seen("admissions_total", answer="cached") == 1
    assert seen("queue_jobs", queue_name="img") == 1
    assert seen("queue_jobs", queue_name="deliver") == 1


def test_a_queue_is_all_that_waits_in_it(scene: Scene) -> None:
    """Given messages of all four priorities and jobs without messages, the queue counts what is more."""
    for step in (0, 3, 6, 9):
        scene.redis.lpush(list_of(Lane.IMG, step), "a message")
    scene.admit("fox")
    assert scene.scrape()("queue_size", queue_name="img") == 4
    for number in range(5):
        scene.admit(f"fox {number}")
    seen = scene.scrape()
    assert seen("queue_size", queue_name="img") == 6
    assert seen("queue_messages", queue_name="img", priority="9") == 1
    assert seen("queue_size", queue_name="vid") == 0


def test_what_bots_keep_is_counted(scene: Scene) -> None:
    """Given two updates that wait, one answer, and an update that was dropped, I expect to see each."""
    scene.redis.zadd(keys.spool(UPDATES), {"one": 1, "two": 2})
    scene.redis.zadd(keys.spool(ANSWERS), {"one": 1})
    scene.redis.hincrby(keys.counts(), f"dropped:{UPDATES}", 1)
    scene.redis.hincrby(keys.counts(), "updates_ignored", 3)
    seen = scene.scrape()
    assert seen("updates_ignored_total") == 3
    assert [seen("spool_size", spool=name) for name in (UPDATES, ANSWERS)] == [2, 1]
    assert [seen("spool_dropped_total", spool=name) for name in (UPDATES, ANSWERS)] == [1, 0]


def test_messages_are_counted_where_celery_puts_them(scene: Scene) -> None:
    """Given a job and a broadcast that were published, the lists that the exporter counts have them."""
    publisher = Publisher(app)
    publisher.publish_generation(scene.admit("fox"))
    publisher.publish_broadcast("news", 1)
    seen = scene.scrape()
    assert seen("queue_messages", queue_name="img", priority="3") == 1
    assert seen("queue_messages", queue_name="deliver", priority="9") == 1
    assert seen("queue_size", queue_name="deliver") == 1


def test_the_oldest_of_a_lane_is_not_the_next_one(scene: Scene) -> None:
    """Given a user with many jobs whose first is behind a newer one of somebody else, its age counts."""
    scene.admit("old")
    scene.redis.zadd(keys.waiting(Lane.IMG), {"old": 9e15})
    scene.redis.zadd(keys.since(Lane.IMG), {"old": int(time.time() * 1000) - 60_000})
    scene.admit("new", user=8)
    assert 60 <= scene.scrape()("queue_oldest_job_age_seconds", queue_name="img") < 70
    assert scene.ledger.claim("old", "host:1:a", Stage.GENERATE) is not None
    assert scene.scrape()("queue_oldest_job_age_seconds", queue_name="img") < 10
    assert scene.scrape()("queue_oldest_job_age_seconds", queue_name="vid") == 0


def test_vips_have_their_own_series(scene: Scene) -> None:
    """Given a VIP's job, it is claimed from the lane `vip` and observed under its tier."""
    Vips(scene.redis).grant(ANN, time_in_days(2), by=1)
    scene.made("fox")
    seen = scene.scrape()
    of = {"stage": "wait", "type": "image"}
    assert seen("job_stage_duration_seconds_count", tier="vip", **of) == 1
    assert seen("job_stage_duration_seconds_count", tier="regular", **of) == 0
    assert seen("queue_jobs_started_total", queue_name="vip") == 1


def test_a_process_that_is_gone_is_missed(scene: Scene) -> None:
    """Given two workers of which one leaves, the register has one, and the other kind counts as 0."""
    workers = Workers(scene.redis)
    vitals = measure()
    image = Sign("host:1:a", "image", ["img", "vip"], 4, {"img": 1, "vip": 2}, vitals)
    workers.announce(image, 30)
    workers.announce(Sign("host:2:b", "vip", ["vip"], 2, vitals=vitals), 30)
    seen = scene.scrape()
    assert seen("active_workers", queue_name="vip") == 2
    assert seen("worker_slots_busy", worker="image@host:1", queue_name="vip") == 2
    assert seen("worker_slots_free", worker="image@host:1", queue_name="img") == 1
    assert seen("live_process_memory_bytes", process="image", worker="image@host:1") == vitals.memory > 0
    assert seen("machine_cpu_cores", machine="host") == vitals.cores > 0
    assert seen("machine_cpu_seconds_total", machine="host") == pytest.approx(vitals.scope_cpu_s)
    workers.leave("host:2:b")
    seen = scene.scrape()
    assert seen("active_workers", queue_name="vip") == 1
    assert seen("live_processes", process="vip", queue_names="vip") == 0
    assert seen("live_processes", process="image", queue_names="img,vip") == 1


def test_what_was_seen_outside_comes_with_the_next_heartbeat_and_no_earlier(scene: Scene) -> None:
    """Given calls that a process has counted, one heartbeat brings all, once; a failed one keeps them."""
    tally = MetricsBuffer()
    tally.count("provider:replicate:get:throttled:sketch", 3)
    tally.observe("provider:replicate:get:sketch", 0.2)
    tally.count("telegram:sendMessage:ok")
    tally.count("webhooks:replicate:refused")
    with pytest.raises(LedgerUnavailable), connect("redis://127.0.0.1:1/0") as nowhere:
        Workers(nowhere).announce(Sign("host:1:a"), 30, tally)
    assert not scene.scrape().has("provider_requests_total")
    for _ in range(2):
        Workers(scene.redis).announce(Sign("host:1:a"), 30, tally)
    seen = scene.scrape()
    of = {"provider": "replicate", "operation": "get", "model": "sketch"}
    assert seen("provider_requests_total", outcome="throttled", **of) == 3
    assert seen("provider_request_duration_seconds_bucket", le="0.25", **of) == 1
    assert seen("telegram_calls_total", method="sendMessage", outcome="ok") == 1
    assert seen("webhooks_total", source="replicate", result="refused") == 1


def test_a_job_that_another_worker_goes_on_with_is_resumed_once(scene: Scene) -> None:
    """Given a running job whose lease lapsed, the takeover counts, and the first claim does not."""
    scene.admit("fox")
    job = scene.ledger.claim("fox", "host:1:a", Stage.GENERATE)
    assert job is not None
    scene.ledger.running(scene.ledger.submitting(job), "p")
    scene.redis.zadd(keys.due(), {"fox": 0})
    assert scene.ledger.claim("fox", "host:2:b", Stage.GENERATE) is not None
    seen = scene.scrape()
    assert seen("jobs_resumed_total", stage="generate") == 1
    assert seen("jobs_resumed_total", stage="deliver") == 0
    assert seen("leases_expired_total") == 1


def test_a_job_that_is_not_in_the_books_is_shown(scene: Scene) -> None:
    """Given an index that somebody has tampered with, `jobs_unaccounted` is not 0."""
    scene.admit("fox")
    scene.redis.zrem(keys.in_state(State.ACCEPTED), "fox")
    assert scene.scrape()("jobs_unaccounted") == 1


def test_nothing_personal_is_in_a_scrape(scene: Scene) -> None:
    """Given jobs of a user with a prompt, neither is anywhere in the text."""
    scene.given("fox")
    text = scene.scrape().text
    assert str(ANN) not in text
    assert "fox" not in text
    assert "job_duration_seconds_count" in text


def test_without_redis_the_scrape_says_so(scene: Scene) -> None:
    """Given no ledger and no cache, what is left says that they are down."""
    nowhere = replace(
        scene.settings, redis_url="redis://127.0.0.1:1/0", cache_redis_url="redis://127.0.0.1:2/0"
    )
    seen = Scene(scene.redis, nowhere, scene.door).scrape()
    assert seen("redis_up", role="ledger") == 0
    assert seen("redis_up", role="cache") == 0
    assert not seen.has("jobs_total")


def test_redis_is_known_by_its_role(scene: Scene, redis_url: str) -> None:
    """Given one server for both, it is told once; given another address for the cache, it has its own."""
    seen = scene.scrape()
    assert seen("redis_up", role="ledger") == 1
    assert seen("redis_evicted_keys_total", role="ledger") == 0
    assert (
        0 < seen("redis_memory_used_bytes", role="ledger") < seen("redis_memory_limit_bytes", role="ledger")
    )
    apart = replace(scene.settings, cache_redis_url=redis_url.replace("/0", "/1"))
    assert Scene(scene.redis, apart, scene.door).scrape()("redis_up", role="cache") == 1


def test_promtool_finds_nothing_to_mend(scene: Scene, tmp_path: Path) -> None:
    """Given a scrape with every kind of series, the names, units and helps are as Prometheus wants them."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus)")
    for kind in Kind:
        scene.given(f"a {kind}", kind=kind)
    tally = MetricsBuffer()
    tally.count("provider:replicate:get:ok:sketch")
    tally.observe("provider:replicate:get:sketch", 0.2)
    tally.count("telegram:sendMessage:ok")
    tally.observe("telegram:sendMessage", 0.2)
    Workers(scene.redis).announce(Sign("host:1:a", "image", ["img"], 4, vitals=measure()), 30, tally)
    environment = {"REDIS_URL": scene.settings.redis_url, "PYTHONPATH": str(ROOT)}
    once = subprocess.run(
        [sys.executable, "-m", "monitoring.exporter", "--once"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    assert 'jobs_total{status="delivered",type="video"} 1.0' in once.stdout
    found = subprocess.run(
        ["promtool", "check", "metrics"],
        input=once.stdout,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def time_in_days(days: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=days)
