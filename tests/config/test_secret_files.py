"""Secrets from files: how Docker and Kubernetes hand them to a process."""

from dataclasses import fields
from pathlib import Path

import pytest

from config.settings import Settings, SettingsError, load

NO_FILE = Path("/nonexistent/.env")
SECRETS = [spec.name for spec in fields(Settings) if spec.metadata["secret"]]
BEARER = "alertmanager-to-exporter"
FITTING = {
    "webhook_secret": "a_secret-token" * 2,
    "redis_url": "redis://:$pass-of-the-ledger@localhost:6379/0",
    "cache_redis_url": "redis://:$pass-of-the-cache@localhost:6379/0",
    "flower_basic_auth": "ann:$pass: of many words",
    "watchdog_secret": BEARER,
    "webhook_secret_previous": "a_secret-token" * 2,
    "sentry_dsn": "https://$key@sentry.test/42",
}


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_be_in_a_file(tmp_path: Path, name: str) -> None:
    """Given a file as an editor leaves it, I expect its text without the last newline, whatever signs
    are in it, and that no log may show it."""
    secret = FITTING.get(name, "$ecret of 1:abc and more")
    file = tmp_path / name
    file.write_text(f"{secret}\n", encoding="utf-8")
    settings = load({f"{name.upper()}_FILE": str(file)}, NO_FILE)
    assert getattr(settings, name) == secret
    assert secret in settings.secrets()


def test_the_env_file_may_name_the_secret_file(tmp_path: Path) -> None:
    file, env_file = tmp_path / "token", tmp_path / ".env"
    file.write_text("1:abc", encoding="utf-8")
    env_file.write_text(f"TELEGRAM_TOKEN=\nTELEGRAM_TOKEN_FILE={file}\n", encoding="utf-8")
    assert load({}, env_file).telegram_token == "1:abc"


def test_what_is_no_secret_is_read_from_no_file(tmp_path: Path) -> None:
    file = tmp_path / "slots"
    file.write_text("7", encoding="utf-8")
    assert load({"WORKER_SLOTS_FILE": str(file)}, NO_FILE).worker_slots == Settings().worker_slots


@pytest.mark.parametrize(
    ("content", "environment", "says"),
    [
        (None, {}, r"TELEGRAM_TOKEN_FILE: .*/token cannot be read \(No such file or directory\)\."),
        (b" \n", {}, r"TELEGRAM_TOKEN_FILE: .*/token is empty; put the secret into it\."),
        (b"\xff\xfe", {}, r"TELEGRAM_TOKEN_FILE: .*/token is not a text file\."),
        (b"x", {"TELEGRAM_TOKEN": "1:abc"}, r"TELEGRAM_TOKEN and TELEGRAM_TOKEN_FILE are both set; keep one"),
    ],
    ids=["missing", "empty", "binary", "both"],
)
def test_a_wrong_secret_file_is_one_clear_sentence(
    tmp_path: Path, content: bytes | None, environment: dict[str, str], says: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=says) as caught:
        load({"TELEGRAM_TOKEN_FILE": str(file), **environment}, NO_FILE)
    assert "\n" not in str(caught.value)
    assert "1:abc" not in str(caught.value)


def test_a_secret_that_is_not_being_replaced_has_an_empty_file(tmp_path: Path) -> None:
    """Given the file of a secret's predecessor, which most of the time is none, I expect no error."""
    file = tmp_path / "before"
    file.write_text("\n", encoding="utf-8")
    named = {"WEBHOOK_SECRET": "the_new_secret_of_ours", "WEBHOOK_SECRET_PREVIOUS_FILE": str(file)}
    assert load(named, NO_FILE).webhook_secrets == ("the_new_secret_of_ours",)
    file.write_text("the_old_secret_of_ours\n", encoding="utf-8")
    assert load(named, NO_FILE).webhook_secrets == ("the_new_secret_of_ours", "the_old_secret_of_ours")
