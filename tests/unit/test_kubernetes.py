"""The manifests are what Kubernetes takes, and start what the Procfile starts."""

import shlex
from typing import Any

import kubernetes_validate
import yaml

from config.settings import ROOT
from jobs.model import Lane
from sandbox.stack import procfile

FOLDER = ROOT / "deploy" / "kubernetes"


def manifests(name: str) -> list[dict[str, Any]]:
    """The documents of a file."""
    return list(yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")))


def deployments() -> dict[str, dict[str, Any]]:
    """The Deployments by name."""
    found = manifests("darkroom.yaml")
    return {each["metadata"]["name"]: each for each in found if each["kind"] == "Deployment"}


def test_the_schema_of_kubernetes_holds() -> None:
    """Given the schema of a Kubernetes release, strictly: no field that it does not know."""
    for each in manifests("darkroom.yaml"):
        kubernetes_validate.validate(each, kubernetes_validate.latest_version(), strict=True)


def test_a_deployment_is_a_line_of_the_procfile() -> None:
    """Every process but Flower, with the same command."""
    lines = {name: shlex.split(line) for name, line in procfile().items() if name != "flower"}
    commands = {
        name: each["spec"]["template"]["spec"]["containers"][0]["command"]
        for name, each in deployments().items()
    }
    assert commands == lines


def test_each_lane_scales_by_what_waits_in_it() -> None:
    """KEDA's objects name Deployments that are there, and ask for each lane that there is."""
    objects = manifests("keda.yaml")
    assert {each["spec"]["scaleTargetRef"]["name"] for each in objects} <= set(deployments())
    asked = [trigger["metadata"]["query"] for each in objects for trigger in each["spec"]["triggers"]]
    assert asked == [f'max(queue_size{{queue_name="{lane}"}}) or vector(0)' for lane in Lane]
