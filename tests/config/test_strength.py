"""Which secrets and which ways to a Redis are refused at the start, and what is said about them."""

from dataclasses import fields
from pathlib import Path

import pytest

from config.checking import look
from config.settings import Settings, SettingsError, load

NO_FILE = Path("/nonexistent/.env")
LONG = "a-password-of-16"
GIVEN = (
    ("telegram_token", "1:short"),
    ("replicate_api_token", "r8_short"),
    ("replicate_webhook_secret", "whsec_c2hvcnQ="),
    ("s3_access_key_id", "short"),
    ("s3_secret_access_key", "short"),
    ("sentry_dsn", "https://k@sentry.test/42"),
)
"""What others have made is taken as they make it."""
HOLDING = {
    "redis_url": "redis://:{}@127.0.0.1/0",
    "cache_redis_url": "redis://u:{}@localhost",
    "flower_basic_auth": "a:{}",
}
"""Settings with a password in them."""
OWN = sorted({s.name for s in fields(Settings) if s.metadata["secret"]} - dict(GIVEN).keys())


def said(environment: dict[str, str]) -> str:
    """What is wrong with these settings; "" for nothing."""
    try:
        load(environment, NO_FILE)
    except SettingsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", OWN)
def test_a_secret_of_the_operators_has_at_least_16_characters(name: str) -> None:
    """Given a secret that somebody could find by trying, I expect a refusal that says how to make another
    one, and does not repeat it; with one character more I expect none."""
    form = HOLDING.get(name, "{}")
    short = said({name.upper(): form.format(LONG[1:])})
    assert short.startswith(name.upper())
    assert "16 characters" in short
    assert "openssl rand -hex 24" in short
    assert LONG[1:] not in short
    assert "16 characters" not in said({name.upper(): form.format(LONG)})


@pytest.mark.parametrize(("name", "value"), GIVEN)
def test_a_secret_that_others_make_is_as_they_make_it(name: str, value: str) -> None:
    assert "characters" not in said({name.upper(): value})


def test_each_password_counts() -> None:
    """Given several names or URLs, I expect the one short password among them to be seen."""
    assert "FLOWER_BASIC_AUTH" in said({"FLOWER_BASIC_AUTH": f"ann:{LONG},bob:short"})
    sentinels = {"REDIS_MASTER_NAME": "m", "REDIS_URL": "sentinel://localhost;sentinel://:short@localhost"}
    assert "REDIS_URL has a password that is too short" in said(sentinels)
    assert "REDIS_URL has a password" in said({"REDIS_URL": "redis://:%40%40%40%40%40%40@localhost"})


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://localhost",
        "redis://[::1]:6379",
        "redis://127.8.9.1",
        f"redis://:{LONG}@127.0.0.1",
        f"rediss://:{LONG}@redis.example:6380/0",
        f"rediss://user:{LONG}@10.0.0.5?ssl_cert_reqs=required",
    ],
)
def test_a_redis_here_or_behind_tls_is_taken(url: str) -> None:
    assert said({"REDIS_URL": url}) == ""
    assert said({"CACHE_REDIS_URL": url}) == ""


@pytest.mark.parametrize(
    ("url", "without"),
    [
        ("redis://10.0.0.5", "a password"),
        ("redis://10.0.0.5", "TLS"),
        ("rediss://10.0.0.5", "a password"),
        ("redis://redis:6379/0", "a password"),
        ("redis://user@redis.example", "a password"),
        (f"redis://:{LONG}@redis.example", "TLS"),
        (f"redis://:{LONG}@[2001:db8::1]:6379", "TLS"),
        (f"redis://:{LONG}@127.0.0.1.example", "TLS"),
        (f"redis://:{LONG}@0.0.0.0", "TLS"),
        (f"rediss://:{LONG}@redis.example?ssl_cert_reqs=none", "TLS"),
        (f"rediss://:{LONG}@redis.example?ssl_cert_reqs=CERT_NONE", "TLS"),
    ],
)
@pytest.mark.parametrize("name", ["REDIS_URL", "CACHE_REDIS_URL"])
def test_a_redis_elsewhere_needs_a_password_and_tls(name: str, url: str, without: str) -> None:
    """Given a Redis on another host, I expect a start with neither of both missing, and to be told which."""
    sentence = said({name: url})
    assert f"{name} leads to another host without {without}" in sentence
    assert LONG not in sentence


def test_on_a_private_network_a_password_is_enough_and_needed() -> None:
    private = {"REDIS_PRIVATE_NETWORK": "1"}
    assert said(private | {"REDIS_URL": f"redis://:{LONG}@redis:6379/0"}) == ""
    assert "without a password" in said(private | {"REDIS_URL": "redis://redis:6379/0"})
    sentinels = {"REDIS_MASTER_NAME": "m", "REDIS_URL": f"sentinel://a;sentinel://:{LONG}@b"}
    assert said(private | sentinels) == ""
    assert "without TLS" in said(sentinels)
    open_ = {"REDIS_MASTER_NAME": "m", "REDIS_URL": "sentinel://a;sentinel://b"}
    assert "without a password" in said(private | open_)


def test_an_open_redis_on_this_machine_is_warned_about() -> None:
    """Given a Redis here that asks for no password, I expect a start, and a warning."""
    (warning,) = look({"REDIS_URL": "redis://127.0.0.1:6379/0"}, NO_FILE).warnings
    assert (
        warning
        == "REDIS_URL has no password: every user of this machine could read prompts and make up jobs."
    )
    assert look({"REDIS_URL": f"redis://:{LONG}@127.0.0.1"}, NO_FILE).warnings == ()
