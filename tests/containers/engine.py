"""The container engine, as a command; everything that is waited for is bounded."""

import ipaddress
import json
import os
import shutil
import subprocess
from collections.abc import Mapping

from config.settings import ROOT

LONGEST_S = 300.0


class EngineError(Exception):
    """A command of the engine failed; the message is its output."""


def missing() -> str:
    """Why no container can be run here, "" where they can."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    for command in (["docker", "info", "--format", "{{.ServerVersion}}"], ["docker", "compose", "version"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode or not done.stdout.strip():
            return f"`{' '.join(command[:2])}` fails: {done.stderr.strip()[:200]}"
    return ""


def run(*command: str, environment: Mapping[str, str] | None = None, within_s: float = LONGEST_S) -> str:
    """The output of a command; raises EngineError with all it said."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    if done.returncode:
        raise EngineError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def gateway() -> str:
    """This machine's address in the engine's default network; containers of every network reach it."""
    addresses = json.loads(run("docker", "network", "inspect", "bridge"))[0]["IPAM"]["Config"][0]
    # Where the engine names none, it is the subnet's first.
    return str(addresses.get("Gateway") or next(ipaddress.ip_network(addresses["Subnet"]).hosts()))
