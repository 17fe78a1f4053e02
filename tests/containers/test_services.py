"""What a person and a stranger meet, and what the engine was told to hold the services to."""

import json
import ssl
from typing import Any

import httpx
import pytest
from acceptance.person import Person, eventually, text_of
from docker.models.containers import Container

from config.logs.masking import parts_of
from jobs.model import Lane
from jobs.states import State
from ledger.processes.workers import Workers

from .fleet import Fleet

LASTING = (
    *("nginx", "bot", "worker-image", "worker-video", "worker-vip", "deliver", "redis", "redis-cache"),
    *("flower", "exporter", "prometheus", "alertmanager", "backup"),
)
"""The services that go on running; one more writes the configuration of the monitoring, and ends."""
BACKUP = ("exec", "-T", "backup", "python", "-m", "deploy.backup")
pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]


def test_a_picture_and_a_video(fleet: Fleet, ann: Person) -> None:
    """Given everything in containers, I expect what a person asks for, once, paid for once; and that the
    provider's word about it came in at the door."""
    for asked, prompt in (("/image a red fox", "a red fox"), ("/video waves at night", "waves at night")):
        shown = ann.make(asked)
        assert ann.answered_once(shown)
        assert ann.job_when(shown, lambda job: job.state is State.DELIVERED)
        prediction = ann.prediction(prompt)["id"]
        told = [each for each in fleet.provider.webhooks() if each["prediction"] == prediction]
        assert [each for each in told if each["event"] == "completed" and each["status"] == 200]


def test_strangers_do_not_get_in(fleet: Fleet) -> None:
    """Flower and the metrics want the operator's password; nothing else is there but the webhooks."""
    name, _, password = fleet.secret("operator").partition(":")
    tls = ssl.create_default_context(cafile=str(fleet.folder / "secrets" / "tls_certificate"))
    tls.check_hostname = False
    with httpx.Client(base_url=f"https://127.0.0.1:{fleet.https}", verify=tls, trust_env=False) as door:
        for path in ("/flower/", "/flower/metrics", "/metrics"):
            assert door.get(path).status_code == 401, path
            assert door.get(path, auth=(name, "guess")).status_code == 401, path
        assert "jobs_unaccounted 0.0" in door.get("/metrics", auth=(name, password)).text
        assert "worker" in door.get("/flower/workers", auth=(name, password)).text
        assert door.post("/telegram", json={"update_id": 1}).status_code == 401
        assert door.post("/providers/replicate/webhook", json={}).status_code == 403
        assert door.get("/").status_code == 404
        assert door.get("/readyz").text == "ready\n"


def healthy(container: Container) -> bool:
    """Whether the last checks of a container's health went well."""
    return bool(container.attrs["State"]["Health"]["Status"] == "healthy")


def published(container: Container) -> list[str]:
    """Where this machine listens for a container: host:port."""
    ports = container.attrs["NetworkSettings"]["Ports"] or {}
    return [f"{each['HostIp']}:{port}" for port, listeners in ports.items() for each in listeners or []]


def test_the_services_are_held_in(fleet: Fleet) -> None:
    """No service is root, writes to its own image, may gain rights, or may take the whole machine."""
    for name in LASTING:
        for container in fleet.containers(name):
            host: dict[str, Any] = container.attrs["HostConfig"]
            assert healthy(container), name
            assert container.attrs["Config"]["User"].partition(":")[0] not in ("", "0", "root"), name
            assert host["ReadonlyRootfs"], name
            assert host["CapDrop"] == ["ALL"], name
            assert host["SecurityOpt"] == ["no-new-privileges:true"], name
            assert host["NanoCpus"] > 0, name
            assert host["Memory"] > 0, name
            assert 0 < host["PidsLimit"] <= 512, name
            assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "5"}, name
            assert host["RestartPolicy"]["Name"] == "always", name
            assert not [each for each in published(container) if not each.startswith("127.0.0.1:")], name
        assert fleet.containers(name), name


def test_secrets_are_in_no_environment(fleet: Fleet) -> None:
    """`docker inspect` shows no secret, nor a part of one: not in the environment, and not in a command."""
    files = [path.read_text(encoding="utf-8").strip() for path in (fleet.folder / "secrets").iterdir()]
    # What a secret was before is empty until it is replaced.
    secrets = {part for text in files if text for part in parts_of(text)}
    for name in LASTING:
        for container in fleet.containers(name):
            shown = json.dumps(container.attrs["Config"])
            assert not [each for each in secrets if each in shown], name


def test_more_workers(fleet: Fleet, ann: Person) -> None:
    """`up --scale worker-image=3 --scale worker-video=2`: they enter the register, and jobs are spread."""
    workers = Workers(fleet.redis)
    slots = fleet.settings.worker_slots
    fleet.scale(worker_image=3, worker_video=2)
    eventually(lambda: workers.slots(Lane.IMG) == 3 * slots and workers.slots(Lane.VID) == 2 * slots)
    fleet.provider.hold()
    shown = [ann.ask(f"/image a lighthouse of {number} floors") for number in range(24)]
    held = [ann.job_when(each, lambda job: job.state is State.RUNNING and job.owner) for each in shown]
    assert {fleet.holder(job.owner).id for job in held} == {
        each.id for each in fleet.containers("worker-image")
    }
    fleet.provider.release()
    for each in shown:
        ann.result(each)
    # As docs/operate.md has it. The same command scales back what it does not name.
    more = ("--scale", "worker-image=5", "--scale", "worker-video=2")
    fleet.compose("up", "--detach", "--wait", "--no-recreate", *more)
    eventually(lambda: workers.slots(Lane.IMG) == 5 * slots and workers.slots(Lane.VID) == 2 * slots)
    fleet.compose("up", "--detach", "--wait", "--no-recreate")
    eventually(lambda: workers.slots(Lane.IMG) == slots and workers.slots(Lane.VID) == slots)


def test_the_ledger_is_backed_up(fleet: Fleet, ann: Person) -> None:
    """The schedule has made a backup of its own; one that an operator asks for is as good."""
    ann.make("/image a cellar door")
    assert len(fleet.compose(*BACKUP, "list").splitlines()) == 1
    fleet.compose(*BACKUP, "create")
    assert "  good  " in fleet.compose(*BACKUP, "verify", "latest", "--media")


def test_the_ledger_is_restored(fleet: Fleet, ann: Person) -> None:
    """Given a backup and a picture made since, I expect the commands of docs/operate.md to bring back the
    ledger of the backup: its picture is in the history, the later one is not, and the next one is made."""
    working = ("bot", "worker-image", "worker-video", "worker-vip", "deliver")
    ann.make("/image an oak stair")
    fleet.compose(*BACKUP, "create")
    ann.make("/image an attic window")
    listed = text_of(ann.ask("/history"))
    assert "an oak stair" in listed
    assert "an attic window" in listed
    fleet.compose("stop", *working)
    operator = f"REDIS_URL=redis://:{fleet.secret('redis_password')}@redis:6379/0"
    as_operator = ("-e", operator, "-e", "REDIS_URL_FILE=")
    command = (*BACKUP[:2], *as_operator, *BACKUP[2:], "restore", "latest", "--force")
    assert "restored" in fleet.compose(*command)
    fleet.compose("start", *working)
    eventually(lambda: all(map(healthy, fleet.containers("bot"))), 120)
    listed = text_of(ann.ask("/history"))
    assert "an oak stair" in listed
    assert "an attic window" not in listed
    ann.make("/image a garden gate")


def test_prometheus_sees_everything(fleet: Fleet) -> None:
    """All targets answer their scrapes, the rules are loaded, and Alertmanager has the alert that always
    fires."""
    ask = ("exec", "-T", "prometheus", "promtool", "query", "instant", "http://127.0.0.1:9090")
    up = eventually(lambda: found if (found := fleet.compose(*ask, "up")).count("=> 1 @") >= 4 else "", 60)
    assert "=> 0" not in up
    alerts = ("exec", "-T", "alertmanager", "amtool", "--alertmanager.url=http://127.0.0.1:9093", "alert")
    eventually(lambda: "Watchdog" in fleet.compose(*alerts, "query"), 60)
