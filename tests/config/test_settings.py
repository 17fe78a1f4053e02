"""Settings: what a deployment may say, and the one clear sentence when it says something wrong."""

from pathlib import Path

import pytest

from config.catalogue import load_catalogue
from config.settings import ROOT, Settings, SettingsError, example, load, require

NO_FILE = Path("/nonexistent/.env")


def test_the_example_lists_every_setting_as_declared() -> None:
    """Given the committed .env.example, it is what `python -m config` prints."""
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == example()


def test_the_example_loads_as_the_defaults(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(example(), encoding="utf-8")
    assert load({}, env_file) == Settings()


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("WORKER_SLOTS=5\nLEASE_S=9\n", encoding="utf-8")
    settings = load({"WORKER_SLOTS": "7"}, env_file)
    assert (settings.worker_slots, settings.lease_s) == (7, 9.0)


def test_another_file_can_be_named(tmp_path: Path) -> None:
    """Given ENV_FILE, I expect that file in place of `.env`; a file that is not there has nothing."""
    env_file = tmp_path / "mine.env"
    env_file.write_text("WORKER_SLOTS=5\n", encoding="utf-8")
    assert load({"ENV_FILE": str(env_file)}).worker_slots == 5
    assert load({"ENV_FILE": str(tmp_path / "none")}) == Settings()


def test_reading_a_file_leaves_the_process_environment_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.delenv("TELEGRAM_TOKEN", raising=False)
    env_file = tmp_path / ".env"
    env_file.write_text("TELEGRAM_TOKEN=1:secret\n", encoding="utf-8")
    assert load(env_file=env_file).telegram_token == "1:secret"
    assert "TELEGRAM_TOKEN" not in os.environ


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"WORKER_SLOTS": "many"}, "WORKER_SLOTS must be a whole number, not 'many'."),
        ({"WORKER_SLOTS": "0"}, "WORKER_SLOTS must be at least 1, not 0."),
        ({"LEASE_S": "2", "HEARTBEAT_S": "1"}, "LEASE_S (2) must be at least three times HEARTBEAT_S (1)"),
        ({"WEBHOOK_URL": "https://example.org"}, "WEBHOOK_URL is set without WEBHOOK_SECRET"),
        ({"BOT_MODE": "carrier pigeon"}, "BOT_MODE must be polling"),
        ({"POLL_FIRST_S": "20"}, "POLL_FIRST_S (20) must be above 0 and at most POLL_MAX_S (10)."),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not 'loud'."),
        ({"KEEP_JOBS_DAYS": "0"}, "KEEP_JOBS_DAYS must be at least 1, not 0"),
        ({"KEEP_JOBS_DAYS": "-1"}, "KEEP_JOBS_DAYS must be at least 1, not -1"),
        *(
            ({"WATCHDOG_SECRET": text}, "WATCHDOG_SECRET may have letters, digits and - . _ ~ + / only")
            for text in ("two words that are long enough", "sixteen-letters-\u00e9")
        ),
        ({"POLL_FACTOR": "0.5"}, "POLL_FACTOR must be at least 1, not 0.5."),
    ],
)
def test_a_wrong_value_is_one_clear_sentence(environment: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environment, NO_FILE)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_process_needs_is_named_when_it_is_missing() -> None:
    with pytest.raises(SettingsError, match=r"TELEGRAM_TOKEN is not set .*; put it into .env"):
        require(Settings(), "telegram_token")


def test_secrets_are_known_to_the_logs() -> None:
    settings = Settings(telegram_token="1:abc", replicate_api_token="r8_x")
    assert {"1:abc", "r8_x"} <= set(settings.secrets())
    assert "" not in settings.secrets()


@pytest.mark.parametrize("file", ["config/models.toml", "sandbox/models.toml"])
def test_the_catalogues_are_complete(file: str) -> None:
    """Given each catalogue of ours, I expect pictures, videos, a price and a deadline for every model."""
    catalogue = load_catalogue(Settings(models_file=file))
    assert catalogue.default("image").kind == "image"
    assert catalogue.animator() in catalogue.of_kind("video")
    assert all(
        model.price_usd > 0 and model.deadline_s >= model.typical_s for model in catalogue.models.values()
    )


def test_a_visibility_timeout_below_the_longest_deadline_is_refused() -> None:
    with pytest.raises(
        SettingsError, match=r"VISIBILITY_TIMEOUT_S \(60\) must be above the longest deadline_s"
    ):
        load_catalogue(Settings(visibility_timeout_s=60))


ENTRY = """
[x]
title = "X"
kind = "image"
provider = "replicate"
reference = "a/x"
deadline_s = 10
typical_s = 1
price_usd = 0.1
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not toml", "is not valid TOML"),
        (ENTRY, "has no model of kind 'video'; add one"),
        (ENTRY.replace('"image"', '"sound"'), "model x: kind must be image or video, not 'sound'"),
        (ENTRY.replace("title", "tittle"), "model x: got an unexpected keyword argument 'tittle'"),
        (ENTRY.replace("deadline_s = 10", "deadline_s = 0"), "model x: deadline_s must be above 0"),
        (
            ENTRY + '[x.options.ar]\nfield = "r"\nchoices = ["1:1"]\ndefault = "2:1"\n',
            "model x: the default of option ar is not among its choices",
        ),
    ],
)
def test_a_wrong_catalogue_names_the_entry(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "models.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_catalogue(Settings(models_file=str(file)))
    assert says in str(caught.value)


def test_a_missing_catalogue_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"MODELS_FILE: .*nowhere.toml cannot be read"):
        load_catalogue(Settings(models_file=str(tmp_path / "nowhere.toml")))
