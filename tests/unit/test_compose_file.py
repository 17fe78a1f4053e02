"""The Compose file and the Procfile start the same processes."""

import shlex
from typing import Any

import yaml

from config.settings import ROOT
from sandbox.stack import procfile


def services() -> dict[str, Any]:
    """The services of docker-compose.yml, by name."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["services"]
    return found


def test_one_command_in_both_files() -> None:
    """A process of the Procfile is a service of the same name; in a container it may have more options."""
    for name, line in procfile().items():
        command = services()[name]["command"]
        words = command if isinstance(command, list) else shlex.split(command)
        assert words[: len(shlex.split(line))] == shlex.split(line)


def test_redis_is_published_nowhere() -> None:
    """Only the door has ports on the machine, and its plain one on loopback alone."""
    published = {name: each["ports"] for name, each in services().items() if "ports" in each}
    assert list(published) == ["nginx"]
    assert published["nginx"][1].startswith("127.0.0.1:")
