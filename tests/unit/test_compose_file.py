"""The Compose file and the Procfile start the same processes."""

import shlex
from typing import Any

import yaml

from config.settings import ROOT
from sandbox.stack import procfile


def services(file: str = "docker-compose.yml") -> dict[str, Any]:
    """The services of a Compose file, by name."""
    text = (ROOT / file).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["services"]
    return found


def test_one_command_in_both_files() -> None:
    """A process of the Procfile is a service of the same name; in a container it may have more options."""
    for name, line in procfile().items():
        command = services()[name]["command"]
        words = command if isinstance(command, list) else shlex.split(command)
        assert words[: len(shlex.split(line))] == shlex.split(line)


def test_the_exporter_and_alertmanager_have_one_secret() -> None:
    """Given the secret by which the exporter knows Alertmanager, I expect it where it is checked and where
    Alertmanager's configuration is written, and nowhere else."""
    has = {name for name, each in services().items() if "watchdog_secret" in each.get("secrets", ())}
    assert has == {"exporter", "monitoring"}
    for name in has:
        given = services()[name]["environment"]["WATCHDOG_SECRET_FILE"]
        assert given == "/run/secrets/watchdog_secret"
    script = (ROOT / "deploy" / "secrets.sh").read_text(encoding="utf-8")
    assert "\nkeep watchdog_secret word\n" in script


def test_only_the_door_is_open_to_others() -> None:
    """nginx listens for TLS; what else has a port has it on this machine alone, and Redis has none."""
    published = {name: each["ports"] for name, each in services().items() if "ports" in each}
    assert set(published) == {"nginx", "grafana"}
    ports = [port for each in published.values() for port in each]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == ["${HTTPS_PORT:-443}:8443"]


def test_who_reaches_the_media_may_have_the_keys() -> None:
    """deploy/s3.yml gives the keys of the store to the services that have MEDIA_URL, and to no other."""
    reach = {name for name, each in services().items() if "MEDIA_URL" in each.get("environment", {})}
    assert set(services("deploy/s3.yml")) == reach
