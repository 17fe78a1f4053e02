"""The rules: valid, complete, each alert shown to fire and not to fire, on metrics that there are."""

import re
import stat
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import ROOT, Settings, SettingsError
from monitoring import configure

from .tower import BEARER, faster, found

RULES = ROOT / "monitoring" / "prometheus"
TESTS = sorted((RULES / "tests").glob("*.yml"))
TOKEN = "1:" + "T" * 35
ADDRESSES = {
    "exporter": "exporter:9090",
    "flower": "proxy:80/flower",
    "alertmanager": "alertmanager:9093",
    "prometheus": "localhost:9090",
}
ALWAYS = {"Watchdog"}
"""It is there to fire always."""


def alerts() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_each_alert_does_what_it_should(file: Path) -> None:
    """Given series made up for it, promtool finds each alert as its test says."""
    run(found("promtool"), "test", "rules", file)


def test_each_alert_is_shown_to_fire_and_not_to_fire() -> None:
    """Given all tests of promtool, every alert has one of each kind."""
    fires, quiet = set(), set()
    for file in TESTS:
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            for case in test.get("promql_expr_test", ()):
                assert case["exp_samples"]
                fires |= set(re.findall(r'alertname="(\w+)",alertstate="firing"', case["expr"]))
            for case in test.get("alert_rule_test", ()):
                assert case["exp_alerts"] == []
                quiet.add(case["alertname"])
    assert fires == set(alerts())
    assert quiet == set(alerts()) - ALWAYS


def test_each_alert_says_how_bad_what_and_where_to_read_on() -> None:
    """Given every alert, it has a severity, a summary, a description, and a chapter in the docs."""
    chapters = re.findall(r"^### (\w+)$", (ROOT / "docs/alerts.md").read_text(encoding="utf-8"), re.MULTILINE)
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in ("critical", "warning", "none")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{name.lower()}"
    assert sorted(chapters) == sorted([*alerts(), "MonitoringDown"])


def test_the_rules_ask_for_metrics_that_there_are() -> None:
    """Given every name in the rules, the exporter has it, or another rule records it."""
    text = (RULES / "recording.yml").read_text() + (RULES / "alerts.yml").read_text()
    expressions = " ".join(
        rule["expr"]
        for part in ("recording.yml", "alerts.yml")
        for group in yaml.safe_load((RULES / part).read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    )
    exported = "".join(
        file.read_text(encoding="utf-8") for file in (ROOT / "monitoring").glob("*_metrics.py")
    )
    asked = set(re.findall(r"\b([a-z]+(?:_[a-z]+)+)(?=[{\[)\s])", expressions)) - {
        "min_over_time",
        "max_over_time",
    }
    labels = set(re.findall(r"(?:by|on|without) \(([^)]*)\)", expressions))
    asked -= {name.strip() for group in labels for name in group.split(",")}
    missing = {name for name in asked if f'"{re.sub("_(bucket|sum|count)$", "", name)}"' not in exported}
    assert not missing
    recorded = set(re.findall(r"record: (\S+)", text))
    assert set(re.findall(r"darkroom:[a-z_]+:\w+", expressions)) == recorded
    assert len(asked) > 20


@pytest.mark.parametrize("token_file", [None, "/run/secrets/telegram_token"])
def test_what_is_configured_is_valid_and_kept_from_others(tmp_path: Path, token_file: str | None) -> None:
    """Given settings with awkward characters, both programs take their files, which only we can read."""
    settings = Settings(
        telegram_token=TOKEN,
        admin_ids=(7, 8),
        flower_basic_auth='op:"a" $ecret\\, other:x',
        watchdog_secret=BEARER,
    )
    configure.write(tmp_path, settings, ADDRESSES, token_file)
    run(found("promtool"), "check", "config", tmp_path / "prometheus.yml")
    alertmanager = yaml.safe_load((tmp_path / "alertmanager.yml").read_text(encoding="utf-8"))
    telegram = alertmanager["receivers"][0]["telegram_configs"][0]
    assert telegram["chat_id"] == 7
    if token_file:
        assert telegram["bot_token_file"] == token_file
        assert TOKEN not in (tmp_path / "alertmanager.yml").read_text()
    else:
        assert telegram["bot_token"] == TOKEN
        run(found("amtool"), "check-config", tmp_path / "alertmanager.yml")
    (webhook,) = alertmanager["receivers"][1]["webhook_configs"]
    assert webhook["url"] == f"http://{ADDRESSES['exporter']}/watchdog"
    beside = tmp_path / webhook["http_config"]["authorization"]["credentials_file"]
    assert beside.read_text(encoding="utf-8") == settings.watchdog_secret
    prometheus = yaml.safe_load((tmp_path / "prometheus.yml").read_text(encoding="utf-8"))
    flower = next(job for job in prometheus["scrape_configs"] if job["job_name"] == "flower")
    assert flower["metrics_path"] == "/flower/metrics"
    assert flower["basic_auth"] == {"username": "op", "password": '"a" $ecret\\'}
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_without_a_secret_alertmanager_posts_nothing(tmp_path: Path) -> None:
    """Given no secret any more, I expect a valid file with which the exporter is sent nothing."""
    before = Settings(telegram_token=TOKEN, admin_ids=(7,), watchdog_secret=BEARER)
    configure.write(tmp_path, before, ADDRESSES)
    configure.write(tmp_path, replace(before, watchdog_secret=""), ADDRESSES)
    run(found("amtool"), "check-config", tmp_path / "alertmanager.yml")
    text = (tmp_path / "alertmanager.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["receivers"][1] == {"name": "exporter", "webhook_configs": []}
    assert not any(before.watchdog_secret in file.read_text() for file in tmp_path.iterdir())


def test_alerts_need_somebody_to_be_told(tmp_path: Path) -> None:
    """Given no admin and no chat, the sentence says what to set."""
    with pytest.raises(SettingsError, match="ALERT_CHAT_ID is not set"):
        configure.write(tmp_path, Settings(telegram_token=TOKEN), ADDRESSES)


def test_time_is_all_that_the_tests_of_the_way_change() -> None:
    """Given the rules at the tests' pace, all that differs is sixty times as short."""
    text = (RULES / "alerts.yml").read_text(encoding="utf-8")
    slow, quick = yaml.safe_load(text), yaml.safe_load(faster(text))
    for before, after in zip(slow["groups"], quick["groups"], strict=True):
        for one, other in zip(before["rules"], after["rules"], strict=True):
            assert one["annotations"] == other["annotations"]
            assert re.sub(r"\[\w+\]", "", one["expr"]) == re.sub(r"\[\w+\]", "", other["expr"])
    assert quick["groups"][0]["rules"][0]["for"] == "5000ms"
