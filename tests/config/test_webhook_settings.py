"""Settings of the webhooks: what is refused, before anything is opened to the net."""

from pathlib import Path

import pytest

from config.settings import SettingsError, load
from config.webhooks import address

NO_FILE = Path("/nonexistent/.env")
TELEGRAM = {
    "BOT_MODE": "webhook",
    "WEBHOOK_URL": "https://bot.example.org/darkroom",
    "WEBHOOK_SECRET": "Az09_-" * 3,
}
PROVIDERS = {
    "PROVIDER_WEBHOOK_URL": "https://bot.example.org",
    "SIGNING_SECRET": "0123456789abcdef",
    "REPLICATE_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}


def test_a_complete_set_is_taken() -> None:
    settings = load(TELEGRAM | PROVIDERS, NO_FILE)
    assert settings.bot_mode == "webhook"
    assert {"Az09_-" * 3, "0123456789abcdef"} <= set(settings.secrets())


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"WEBHOOK_URL": ""}, "BOT_MODE=webhook needs WEBHOOK_URL"),
        ({"WEBHOOK_SECRET": ""}, "WEBHOOK_URL is set without WEBHOOK_SECRET"),
        ({"WEBHOOK_SECRET": "two words" * 2}, "WEBHOOK_SECRET must be at most 256 characters of A-Z"),
        ({"WEBHOOK_SECRET": "a" * 257}, "WEBHOOK_SECRET must be at most 256 characters of A-Z"),
        ({"WEBHOOK_URL": "http://bot.example.org"}, "WEBHOOK_URL must be an https:// base URL"),
        ({"WEBHOOK_URL": "bot.example.org"}, "WEBHOOK_URL must be an https:// base URL"),
        ({"WEBHOOK_URL": "https://bot.example.org/?x=1"}, "WEBHOOK_URL must be an https:// base URL"),
        ({"WEBHOOK_URL": "https://[::1"}, "WEBHOOK_URL must be an https:// base URL"),
        ({"WEBHOOK_MAX_CONNECTIONS": "101"}, "WEBHOOK_MAX_CONNECTIONS must be from 1 to 100, not 101."),
        ({"WEBHOOK_BIND": "8080"}, "WEBHOOK_BIND must be host:port, such as 0.0.0.0:8080, not '8080'."),
        ({"SIGNING_SECRET": ""}, "PROVIDER_WEBHOOK_URL needs SIGNING_SECRET"),
        ({"SIGNING_SECRET": "short"}, "SIGNING_SECRET is too short: it must have at least 16 characters"),
        ({"REPLICATE_WEBHOOK_SECRET": ""}, "PROVIDER_WEBHOOK_URL needs REPLICATE_WEBHOOK_SECRET (whsec_...)"),
        ({"REPLICATE_WEBHOOK_SECRET": "whsec_A"}, "PROVIDER_WEBHOOK_URL needs REPLICATE_WEBHOOK_SECRET"),
        ({"PROVIDER_WEBHOOK_URL": "http://a.example"}, "PROVIDER_WEBHOOK_URL must be an https:// base URL"),
    ],
)
def test_a_wrong_value_is_one_clear_sentence(changes: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(TELEGRAM | PROVIDERS | changes, NO_FILE)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_secret_is_not_in_the_sentence_that_refuses_it() -> None:
    with pytest.raises(SettingsError) as caught:
        load(TELEGRAM | {"WEBHOOK_SECRET": "geheim!"}, NO_FILE)
    assert "geheim" not in str(caught.value)


def test_a_bot_api_server_of_ones_own_may_post_without_tls() -> None:
    own = {"TELEGRAM_API_URL": "http://127.0.0.1:8081", "WEBHOOK_URL": "http://127.0.0.1:8080"}
    assert load(TELEGRAM | own, NO_FILE).webhook_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("bind", "found"),
    [
        ("0.0.0.0:8080", ("0.0.0.0", 8080)),
        ("[::]:0", ("::", 0)),
        ("localhost:65536", None),
        (":8080", None),
        ("localhost:", None),
        ("localhost:٣", None),
    ],
)
def test_the_address_to_listen_on(bind: str, found: tuple[str, int] | None) -> None:
    assert address(bind) == found


def test_a_secret_before_another_must_be_one() -> None:
    """Given a predecessor that cannot have been such a secret, I expect the setting's name."""
    words = "these are no secret of a webhook's"
    with pytest.raises(SettingsError, match="WEBHOOK_SECRET_PREVIOUS must be what WEBHOOK_SECRET was"):
        load({"WEBHOOK_SECRET_PREVIOUS": words}, NO_FILE)


def test_who_receives_nothing_needs_no_secret_to_verify_it() -> None:
    """Given a worker, which signs its jobs' ids and takes in no post, I expect it to start with that secret
    alone; the bot, which does, names what it misses."""
    worker = {**TELEGRAM, **PROVIDERS, "WEBHOOK_SECRET": "", "REPLICATE_WEBHOOK_SECRET": ""}
    assert load(worker, NO_FILE, receives=False).signing_secret
    with pytest.raises(SettingsError, match=r"WEBHOOK_SECRET.*\n.*REPLICATE_WEBHOOK_SECRET"):
        load(worker, NO_FILE)
