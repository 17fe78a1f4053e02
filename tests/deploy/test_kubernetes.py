"""The manifests are what Kubernetes takes, and start what the Procfile starts."""

import shlex
from typing import Any

import kubernetes_validate
import yaml

from config.settings import ROOT, load
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


def test_a_deployment_has_its_own_secrets() -> None:
    """Given each process, I expect the Secret of its role, which docs/kubernetes.md fills with what it uses:
    the provider's token for those that call the provider, the webhooks' for the one that receives them."""
    given = {
        name: [
            source["secretRef"]["name"]
            for source in each["spec"]["template"]["spec"]["containers"][0]["envFrom"]
            if "secretRef" in source
        ]
        for name, each in deployments().items()
    }
    roles = {name: name for name in ("bot", "deliver", "exporter")}
    roles |= dict.fromkeys(("worker-image", "worker-video", "worker-vip"), "worker")
    assert given == {name: [f"darkroom-{role}"] for name, role in roles.items()}
    text = (
        (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8").split("kubectl create secret generic ")
    )
    made = {part.split()[0]: part.partition("kubectl apply")[0] for part in text[1:]}
    assert set(made) == {secret for each in given.values() for secret in each}
    assert [name for name, part in made.items() if "REPLICATE_API_TOKEN" in part] == ["darkroom-worker"]
    assert [name for name, part in made.items() if "WEBHOOK_SECRET=" in part] == ["darkroom-bot"]


def test_every_process_starts_with_what_it_is_given() -> None:
    """Given a ConfigMap for webhooks of Telegram's and the provider's, I expect the settings of each process
    to be right with the secrets of its role alone."""
    (shared,) = (each["data"] for each in manifests("darkroom.yaml") if each["kind"] == "ConfigMap")
    shared = shared | {"PROVIDER_WEBHOOK_URL": "https://bot.example.com"}
    words = "words-that-are-long-enough"
    signing = {"SIGNING_SECRET": words}
    posted = {"WEBHOOK_SECRET": words, "REPLICATE_WEBHOOK_SECRET": f"whsec_{words.replace('-', '')}"}
    of_role = {"darkroom-bot": signing | posted, "darkroom-worker": signing}
    for name, each in deployments().items():
        container = each["spec"]["template"]["spec"]["containers"][0]
        given = {one["name"]: one["value"] for one in container.get("env", ())}
        (secret,) = (one["secretRef"]["name"] for one in container["envFrom"] if "secretRef" in one)
        environment = shared | of_role.get(secret, {}) | given
        # Raises SettingsError with what is wrong.
        assert load(environment, FOLDER / "none", receives=name == "bot").webhook_url


def test_nobody_speaks_to_a_worker() -> None:
    """Given the NetworkPolicies, I expect every pod of ours under one that lets nobody in, and ways in to the
    bot's and the exporter's port alone; out go names, Redis and HTTPS."""
    found = [each for each in manifests("darkroom.yaml") if each["kind"] == "NetworkPolicy"]
    policies = {each["metadata"]["name"]: each["spec"] for each in found}
    everybody = policies["darkroom"]
    assert everybody["podSelector"] == {"matchLabels": {"app": "darkroom"}}
    assert (everybody["policyTypes"], everybody["ingress"]) == (["Ingress", "Egress"], [])
    out = {port["port"] for rule in everybody["egress"] for port in rule["ports"]}
    assert out == {53, 6379, 26379, 443}
    doors = {
        name: [port["port"] for rule in spec["ingress"] for port in rule["ports"]]
        for name, spec in policies.items()
        if spec["podSelector"] == {"matchLabels": {"app": "darkroom", "process": name}}
    }
    assert doors == {"bot": [8080], "exporter": [9090]}
    assert all("from" in rule for rule in policies["exporter"]["ingress"])
