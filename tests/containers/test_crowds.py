"""Many users at once: every request is accounted for in the chats, the provider's books and the ledger."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from acceptance.person import eventually

from bench.chaos import histories
from bench.chaos.checker import Checker, Verdict
from bench.chaos.crowd import Crowd
from bench.chaos.replay import Replay
from bench.chaos.run import settle
from ledger import keys

from .fleet import Fleet

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]
USERS = 300


@pytest.fixture(scope="module")
def crowd(fleet: Fleet) -> Crowd:
    """The users, who ask all that is ever asked here; some cancel, delete, or have an update come twice."""
    return Crowd(fleet, USERS, Random(1))


def judged(fleet: Fleet, crowd: Crowd) -> Verdict:
    """What the checker of the chaos run says, once all that was asked has ended: no invariant broke."""
    settle(fleet, fleet.redis, crowd, len(crowd.asked), 120)
    scrape = f"http://{fleet.secret('operator')}@127.0.0.1:{fleet.http}/metrics"
    books = histories.books(fleet.redis, Replay((), ()), histories.exported(scrape))
    chats = histories.chats(fleet, crowd.users)
    checker = Checker(fleet, crowd.asked, chats, histories.provider(fleet), books)
    verdict = checker.judge([])
    stories = "\n\n".join(checker.story(breach.job) for breach in verdict.breaches[:3])
    assert not verdict.breaches, f"{verdict.breaches}\n{stories}"
    return verdict


def replicas(fleet: Fleet) -> Counter[str]:
    """How many updates each replica of the bot has taken, by its address, as nginx tells."""
    log = fleet.compose("logs", "--no-log-prefix", "nginx")
    return Counter(re.findall(r" POST /telegram 200 \S+ (?:\S+, )*(\S+)$", log, re.MULTILINE))


def test_two_replicas_and_300_users(fleet: Fleet, crowd: Crowd) -> None:
    """Given two replicas behind nginx, and updates of which some come twice, I expect that both replicas
    take their share, and that each request is taken once: none is lost, and none is made two of."""
    before = len(crowd.asked)
    crowd.ask_all(30)
    verdict = judged(fleet, crowd)
    assert verdict.jobs == len(crowd.asked) == before + USERS
    assert (verdict.lost, verdict.double_paid, verdict.duplicate_messages) == (0, 0, 0)
    assert (verdict.refused, verdict.failed, verdict.left_over) == (0, 0, [])
    # A bot writes what it has counted with its heartbeat.
    eventually(lambda: int(str(fleet.redis.hget(keys.counts(), "webhooks:telegram:repeated") or 0)) > 0)
    taken = replicas(fleet)
    assert len(taken) == 2
    assert min(taken.values()) > sum(taken.values()) / 4, taken


def next_release(fleet: Fleet) -> str:
    """Give the image's tag to a newer image, as `docker compose build` does; its id."""
    folder = fleet.folder / "release"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM darkroom:test\nLABEL release=next\n", encoding="utf-8")
    fleet.run("docker", "build", "--tag", "darkroom:test", str(folder))
    return fleet.run("docker", "image", "inspect", "--format", "{{.Id}}", "darkroom:test").strip()


def test_an_upgrade_under_load(fleet: Fleet, crowd: Crowd) -> None:
    """Given a newer image and users who ask, I expect that the commands of docs/operate.md bring it to every
    service, that no request is lost or fails, and that Redis runs on."""
    newer = next_release(fleet)
    services = ("bot", "worker-image", "worker-video", "worker-vip", "deliver")
    lookers = ("flower", "exporter", "backup", "monitoring", "prometheus", "alertmanager")
    before = {each.id for name in (*services, *lookers) for each in fleet.containers(name)}
    redis = [each.id for each in fleet.containers("redis")]
    asked = len(crowd.asked)
    with ThreadPoolExecutor(1) as operator:
        rolling = operator.submit(fleet.run, "deploy/roll.sh", *services)
        while not rolling.done():
            crowd.ask(15, 3.0)
        rolling.result()
    fleet.compose("up", "--detach", "--wait", "--no-deps", "--force-recreate", *lookers)
    after = {name: fleet.containers(name) for name in (*services, *lookers[:3])}
    assert [len(found) for found in after.values()] == [2, 1, 1, 1, 1, 1, 1, 1]
    assert {each.attrs["Image"] for found in after.values() for each in found} == {newer}
    assert before.isdisjoint(each.id for name in (*services, *lookers) for each in fleet.containers(name))
    assert [each.id for each in fleet.containers("redis")] == redis
    verdict = judged(fleet, crowd)
    assert verdict.jobs == len(crowd.asked) > asked
    assert (verdict.lost, verdict.refused, verdict.failed, verdict.left_over) == (0, 0, 0, [])
