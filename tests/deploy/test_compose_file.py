"""The Compose file and the Procfile start the same processes."""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from config.settings import ROOT, Settings, load
from monitoring.flower import NO_FRAMES
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


def test_only_the_door_is_open_to_others() -> None:
    """nginx listens for TLS; what else has a port has it on this machine alone, and Redis has none."""
    published = {name: each["ports"] for name, each in services().items() if "ports" in each}
    assert set(published) == {"nginx", "grafana"}
    ports = [port for each in published.values() for port in each]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == ["${HTTPS_PORT:-443}:8443"]


def test_who_reaches_the_media_may_have_the_keys() -> None:
    """deploy/s3.yml gives the keys of the store to the services that have MEDIA_URL, and to no other."""
    reach = {name for name, each in services().items() if each.get("environment", {}).get("MEDIA_URL")}
    assert set(services("deploy/s3.yml")) == reach


MAKERS = {
    *("telegram_token", "replicate_api_token", "signing_secret"),
    *("redis_url_worker", "cache_redis_url_worker"),
}
SECRETS = {
    "nginx": {"tls_certificate", "tls_key", "operator_htpasswd"},
    "bot": {
        *("telegram_token", "webhook_secret", "webhook_secret_previous", "signing_secret"),
        *("signing_secret_previous", "replicate_webhook_secret", "redis_url_bot", "cache_redis_url_bot"),
    },
    "worker-image": MAKERS,
    "worker-video": MAKERS,
    "worker-vip": MAKERS,
    "deliver": {"telegram_token", "redis_url_worker", "cache_redis_url_worker"},
    "redis": {"redis_password", "redis_users"},
    "redis-cache": {"cache_redis_password", "cache_redis_users"},
    "flower": {"redis_url_flower", "operator"},
    "exporter": {"telegram_token", "redis_url_exporter", "cache_redis_url_exporter", "watchdog_secret"},
    "monitoring": {"telegram_token", "operator", "watchdog_secret"},
    "prometheus": set(),
    "alertmanager": set(),
    "grafana": {"grafana_password"},
    "backup": {"redis_url_backup"},
}
ANYWHERE = {"SENTRY_DSN", "REDIS_SENTINEL_PASSWORD"}
"""Secrets that .env may hold for every process: all report to Sentry, and all ask the sentinels."""
OF_THE_STORE = {"S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"}
"""These for the services that reach the store for media."""


def test_a_service_has_the_secrets_that_it_uses() -> None:
    """Given each service, I expect the secrets of its work, each named by a variable, and no other."""
    assert {name: set(each.get("secrets", ())) for name, each in services().items()} == SECRETS
    for each in services().values():
        named = [str(value) for value in each.get("environment", {}).values()]
        files = {value.removeprefix("/run/secrets/") for value in named if value.startswith("/run/secrets/")}
        assert files <= set(each.get("secrets", ()))


def test_all_agree_on_the_settings_of_env_and_have_no_secret_of_it() -> None:
    """Given an .env with every setting there is, I expect each process of ours to read it, so that none goes
    by another lease or budget than the rest, and to have its secrets from files; others are empty there."""
    secrets = {spec.name.upper() for spec in fields(Settings) if spec.metadata["secret"]} - ANYWHERE
    ours = {name: each for name, each in services().items() if each["image"].startswith("darkroom:")}
    assert {"bot", "deliver", "flower", "exporter", "monitoring", "backup"} < set(ours)
    for name, each in ours.items():
        assert each["env_file"] == [{"path": ".env", "required": False}], name
        given = each["environment"]
        allowed = OF_THE_STORE if given["MEDIA_URL"] else set()
        files = {one for one in secrets if given.get(f"{one}_FILE")}
        assert {given[f"{one}_FILE"] for one in files} == {f"/run/secrets/{one}" for one in each["secrets"]}
        # In .env they may stand as values, or as names of files that are not in the container.
        empty = {one for one in secrets if given.get(one) == "" and f"{one}_FILE" in given}
        assert (name, secrets - allowed - empty) == (name, set())


def test_every_process_starts_with_what_it_is_given(tmp_path: Path) -> None:
    """Given an .env for webhooks of Telegram's and the provider's, in which a secret was left and the name of
    a file on the host, I expect the settings of each process to be right with its own secrets alone."""
    dotenv = {
        "WEBHOOK_URL": "https://bot.example.com",
        "PROVIDER_WEBHOOK_URL": "https://bot.example.com",
        "TELEGRAM_TOKEN": "1:left-behind",
        "WEBHOOK_SECRET_FILE": "/on/the/host",
    }
    words = "words-that-are-long-enough"
    for secret in set().union(*SECRETS.values()):
        (tmp_path / secret).write_text(words, encoding="utf-8")
    signing_key = f"whsec_{words.replace('-', '')}"
    (tmp_path / "replicate_webhook_secret").write_text(signing_key, encoding="utf-8")
    (tmp_path / "operator").write_text(f"ann:{words}", encoding="utf-8")
    for place in ("redis_url", "cache_redis_url"):
        for role in ("bot", "worker", "exporter", "flower", "backup"):
            address = f"redis://{role}:{words}@redis:6379/0"
            (tmp_path / f"{place}_{role}").write_text(address, encoding="utf-8")
    for name, each in services().items():
        if each["image"].startswith("darkroom:"):
            text = {key: str(value) for key, value in each["environment"].items()}
            given = {key: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for key, value in text.items()}
            here = {key: value.replace("/run/secrets", str(tmp_path)) for key, value in given.items()}
            # What .env says goes first where Compose puts it in.
            here["WEBHOOK_URL"] = dotenv["WEBHOOK_URL"]
            # Raises SettingsError with what is wrong.
            found = load(dotenv | here, tmp_path / "none", receives=name == "bot")
            has_token = "telegram_token" in SECRETS[name]
            assert found.telegram_token == (words if has_token else ""), name


def test_networks_are_apart() -> None:
    """Given the networks, I expect Redis with its own clients alone, nginx with what it passes on to, and
    nothing but the door on the one that publishes ports."""
    on: dict[str, set[str]] = {}
    for name, each in services().items():
        for network in each["networks"]:
            on.setdefault(network, set()).add(name)
    workers = {"worker-image", "worker-video", "worker-vip", "deliver"}
    assert on["edge"] == {"nginx", "bot", "flower", "exporter"}
    assert on["store"] == {"redis", "redis-cache", "bot", "flower", "exporter", "backup"} | workers
    assert on["watch"] == {"prometheus", "alertmanager", "grafana", "monitoring", "exporter", "flower"}
    assert on["door"] == {"nginx", "grafana"}
    assert on["out"] == {"bot", "exporter", "backup", "alertmanager"} | workers
    declared = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["networks"]
    assert {name for name, each in declared.items() if (each or {}).get("internal")} == {
        "edge",
        "store",
        "watch",
    }


def test_images_are_pinned_and_processes_bounded() -> None:
    for name, each in services().items():
        image, _, tag = each["image"].partition(":")
        assert image == "darkroom" or re.match(r"v?\d+\.\d+\.\d+", tag), name
        assert each["deploy"]["resources"]["limits"]["pids"] <= 512, name
        # Compose refuses a file that says it twice.
        assert "pids_limit" not in each, name
        assert each["cap_drop"] == ["ALL"]
    recipe = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", recipe, re.MULTILINE)
    assert bases
    assert all(re.search(r":\d+\.\d+\.\d+", base) for base in bases)


def test_a_machine_without_a_registry_makes_each_image_by_its_name(tmp_path: Path) -> None:
    """Given an engine that notes what it is asked to make, I expect the checks' script to ask for each public
    image by the name that the Compose file or the Dockerfile has, and for no other."""
    engine = tmp_path / "engine"
    engine.write_text('#!/bin/sh\necho "$2"\n', encoding="utf-8")
    engine.chmod(0o755)
    script = [str(ROOT / ".ci" / "stand-ins"), str(engine)]
    made = subprocess.run(script, check=True, capture_output=True, text=True, timeout=200).stdout.split()
    recipe = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    asked = {each["image"] for each in services().values()} | set(re.findall(r"^FROM (\S+)", recipe, re.M))
    # Ours is built from the Dockerfile, and no test starts Grafana.
    assert sorted(made) == sorted(each for each in asked if not each.startswith(("darkroom:", "grafana/")))


def test_secrets_are_made_for_every_service(tmp_path: Path) -> None:
    """Given deploy/secrets.sh, I expect a file for each secret that a service mounts, each role's password in
    its address alone, and in Redis's file its SHA-256; a second run changes nothing, and a secret that is
    replaced is kept as the one before."""
    if shutil.which("openssl") is None:
        pytest.skip("deploy/secrets.sh needs openssl, which is not here")
    variables = {
        **os.environ,
        "SECRETS_DIR": str(tmp_path),
        "TELEGRAM_TOKEN": "1:a",
        "REPLICATE_API_TOKEN": "r8",
    }

    def make(*arguments: str) -> dict[str, str]:
        script = ["sh", str(ROOT / "deploy" / "secrets.sh"), *arguments]
        subprocess.run(script, env=variables, check=True, capture_output=True, timeout=200)
        return {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}

    made = make()
    assert set().union(*SECRETS.values()) <= set(made)
    for file, prefix in (("redis_users", "redis_url"), ("cache_redis_users", "cache_redis_url")):
        for line in made[file].splitlines():
            role, digest = line.split()
            password = urlsplit(made[f"{prefix}_{role}"].strip()).password or ""
            assert hashlib.sha256(password.encode()).hexdigest() == digest
    assert [line.split()[0] for line in made["redis_users"].splitlines()] == [
        *("bot", "worker", "exporter", "flower", "backup")
    ]
    assert make() == made
    replaced = make("--replace", "webhook_secret")
    assert replaced["webhook_secret_previous"] == made["webhook_secret"] != replaced["webhook_secret"]


def test_the_door_lets_no_page_be_framed() -> None:
    """Given nginx.conf, I expect the headers that Flower sets on every answer, errors included."""
    conf = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
    set_ = dict(re.findall(r'^ {4}add_header (\S+) "?([^";]+)"? always;', conf, re.MULTILINE))
    assert NO_FRAMES.items() <= set_.items()
    assert all(f"proxy_hide_header {name};" in conf for name in NO_FRAMES)
