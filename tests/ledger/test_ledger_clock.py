"""The ledger's clock is the only one: for the register of processes, and where it is put back itself."""

import time
from collections.abc import Callable, Iterator

import pytest
import redis

from config.settings import Settings
from deploy.backup.creating import create
from deploy.backup.loading import CannotRestore
from deploy.backup.restoring import restore
from deploy.backup.shelf import Shelf
from jobs.limits import Rate
from jobs.model import Kind, Origin, Request, Tier
from ledger import clock, keys
from ledger.admission import Accepted, Limited
from ledger.connection import connect
from ledger.limits import token_buckets
from ledger.processes.workers import Sign, Workers
from sandbox.admission import BlockingAdmission

OFF_S = 600.0
ANN = Origin(1, 1, 1)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Put this machine's date forward or back by so many seconds, from now on."""
    true = time.time

    def by(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: true() + seconds)

    return by


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with connect(redis_url) as made:
        yield made


def test_a_machine_with_a_wrong_clock_is_at_work_and_hides_nobody(
    client: "redis.Redis",
    settings_for: Callable[..., Settings],
    put: Callable[[float], None],
    tmp_path: object,
) -> None:
    """Given three workers on machines whose clocks are right, behind and ahead, I expect all their slots to
    be counted by each of them, their containers to be healthy, and a restore to be refused."""
    workers = Workers(client)
    hosts = {"right": 0.0, "behind": -OFF_S, "ahead": OFF_S}
    for host, seconds in hosts.items():
        put(seconds)
        workers.announce(Sign(f"{host}:1:a", "image", ("img",), slots=4), 30)
    for seconds in hosts.values():
        put(seconds)
        assert workers.slots("img") == 12
        assert [workers.on(host) for host in hosts] == [1, 1, 1]
    for host in ("right", "ahead"):
        workers.leave(f"{host}:1:a")
    settings = settings_for(backup_url=f"{tmp_path}/backups", media_url=f"{tmp_path}/media")
    shelf = Shelf(settings.backup_url, settings)
    with pytest.raises(CannotRestore, match="behind:1:a"):
        restore(shelf, create(shelf, settings), settings, force=True)


# The ledger's own clock is put back, by NTP or a failover to a machine whose clock is behind.


def test_a_users_bucket_fills_from_the_new_time_on(
    client: "redis.Redis",
    settings_for: Callable[..., Settings],
    admission_for: Callable[..., BlockingAdmission],
) -> None:
    """Given a user who has used up a limit of ten a minute, when the ledger's clock goes back by ten minutes,
    I expect them to be told the six seconds that it takes, at once; and their token to come."""
    door = admission_for(settings_for(active_jobs=99), {Tier.REGULAR: Rate(10 / 60, 10)})

    def ask(number: int) -> object:
        request = Request(Kind.IMAGE, "sketch", f"fox {number}")
        return door.admit(f"fox-{number}", request, ANN, fresh=True)

    assert all(isinstance(ask(number), Accepted) for number in range(10))
    assert isinstance(ask(11), Limited)
    bucket = keys.user_bucket(ANN.user)
    client.hset(bucket, "at", int(str(client.hget(bucket, "at"))) + round(OFF_S * 1000))
    answer = ask(12)
    assert isinstance(answer, Limited)
    assert answer.retry_after_s <= 6
    # Six seconds pass.
    client.hset(bucket, "at", int(str(client.hget(bucket, "at"))) - 6000)
    assert isinstance(ask(13), Accepted)


def test_the_budgets_of_calls_fill_from_the_new_time_on(client: "redis.Redis") -> None:
    """Given a bucket of calls that is empty, by a clock that was ten minutes ahead, I expect the next call to
    wait for one token; and one that is held back by the other side to wait for the end of that."""
    bucket = token_buckets.TokenBucket("calls", Rate(1.0, 1), 0.0)
    take, hold = client.register_script(token_buckets.TAKE), client.register_script(token_buckets.HOLD)
    ahead = round((clock.ask(client) + OFF_S) * 1000)
    client.hset("calls", mapping={"level": 0, "at": ahead})
    first = token_buckets.BucketAnswer.of(take(*token_buckets.take("hold", [bucket], "wait", 5.0)))
    assert (first.word, 0.5 < first.wait_s <= 1) == ("go", True)
    at = int(str(client.hget("calls", "at")))
    assert at < ahead - 500_000, "it goes on by the present time"
    hold(*token_buckets.hold("hold", bucket, 3.0))
    held = token_buckets.BucketAnswer.of(take(*token_buckets.take("hold", [bucket], "wait", 5.0)))
    assert (held.word, 2 < held.wait_s <= 3) == ("held", True)
    assert int(str(client.hget("calls", "at"))) > at + 2000, "after a hold one call may go, not all at once"
