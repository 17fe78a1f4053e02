"""pytest-celery over containers: the engine kills, stops and restarts what a job runs on."""

import pytest
from acceptance.person import Person, finish, in_mid_poll
from pytest_celery import CeleryTestSetup, CeleryTestWorker

from jobs.model import Job

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]


def held_by(celery_setup: CeleryTestSetup, job: Job) -> CeleryTestWorker:
    """The worker that works on a job: the owner's name begins with its container's host name."""
    host = job.owner.partition(":")[0]
    (holder,) = (worker for worker in celery_setup.worker_cluster if worker.container.id.startswith(host))
    return holder


def test_the_containers_are_nodes(celery_setup: CeleryTestSetup) -> None:
    """All are up, and every worker of the fleet answers on the remote control."""
    assert celery_setup.ready(ping=False, control=True)
    names = {name for answer in celery_setup.app.control.ping(timeout=10, limit=5) for name in answer}
    hosts = {worker.container.id[:12] for worker in celery_setup.worker_cluster}
    assert {f"image@{host}" for host in hosts} <= names
    celery_setup.worker.wait_for_log("ready.")


def test_a_killed_container_loses_no_job(celery_setup: CeleryTestSetup, ann: Person) -> None:
    """`docker kill` in the midst of a job: the other worker goes on from the saved prediction, and nothing
    is paid for twice."""
    shown, before = in_mid_poll(ann, "a sunken galleon", looks=0)
    victim = held_by(celery_setup, before)
    victim.kill()
    after = ann.job_when(shown, lambda job: job.owner not in ("", before.owner))
    assert after.prediction == before.prediction
    assert held_by(celery_setup, after) != victim
    assert finish(ann, shown, "a sunken galleon").crashes == 1


def test_a_stopped_container_hands_over(celery_setup: CeleryTestSetup, ann: Person) -> None:
    """SIGTERM in the midst of a job: it is handed over, no crash counts, and the container ends with 0."""
    shown, before = in_mid_poll(ann, "a walled garden", looks=0)
    leaver = held_by(celery_setup, before)
    leaver.container._container.stop(timeout=30)
    leaver.container.reload()
    assert leaver.container.attrs["State"]["ExitCode"] == 0
    assert not leaver.container.attrs["State"]["OOMKilled"]
    ended = finish(ann, shown, "a walled garden")
    assert ended.crashes == 0
    assert ended.prediction == before.prediction


def test_redis_is_killed_under_a_running_job(celery_setup: CeleryTestSetup, ann: Person) -> None:
    """`docker kill` of Redis: its file brings the ledger back, bot and workers reconnect, and the job ends
    well, as does the next one."""
    shown, before = in_mid_poll(ann, "a stone circle", looks=0)
    celery_setup.broker.kill()
    celery_setup.broker.restart()
    ended = finish(ann, shown, "a stone circle")
    assert ended.prediction == before.prediction
    ann.make("/image a second stone circle")
