"""Where a Redis is: what operators write into REDIS_URL, and what becomes of it."""

from pathlib import Path

import pytest

from config.redis_urls import RedisPlace, place_of
from config.settings import Settings, SettingsError, load

NO_FILE = Path("/nonexistent/.env")
SENTINELS = "sentinel://:p%40ss@a:26380/2; sentinel://b;sentinel://[::1]:26381/2"

LONG = SENTINELS.replace("p%40ss", "a-p%40ssword-of-the-master")


def test_one_server() -> None:
    assert place_of("redis://:pw@host:6379/3") == RedisPlace("redis://:pw@host:6379/3", db=3)


def test_sentinels_of_one_master() -> None:
    """Given three sentinels, of which one has the password, I expect the master's password and database, and
    a URL in which each is enough for kombu."""
    place = place_of(SENTINELS, "mymaster", "of sentinels")
    assert place.sentinels == (("a", 26380), ("b", 26379), ("::1", 26381))
    assert (place.master, place.db, place.username, place.password) == ("mymaster", 2, None, "p@ss")
    assert place.url == (
        "sentinel://:p%40ss@a:26380/2;sentinel://:p%40ss@b:26379/2;sentinel://:p%40ss@[::1]:26381/2"
    )
    assert "p@ss" not in repr(place)
    assert "of sentinels" not in repr(place)


def test_the_cache_has_sentinels_of_its_own_or_the_ledgers() -> None:
    ledger = Settings(redis_url=SENTINELS, redis_master_name="jobs")
    assert ledger.cache_redis() == ledger.ledger_redis()
    both = load(
        {
            "REDIS_URL": LONG,
            "REDIS_MASTER_NAME": "jobs",
            "CACHE_REDIS_URL": "sentinel://:a-password-of-the-cache@c",
            "CACHE_REDIS_MASTER_NAME": "cache",
            "REDIS_PRIVATE_NETWORK": "true",
        },
        NO_FILE,
    )
    assert (both.ledger_redis().master, both.cache_redis().master) == ("jobs", "cache")


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        (
            {"REDIS_URL": "http://:secret@a"},
            "REDIS_URL must be redis://:password@host:6379/0, or sentinel://",
        ),
        ({"REDIS_URL": "redis://:secret@a;redis://b"}, "REDIS_URL must be redis://"),
        (
            {"REDIS_URL": "redis://:secret@a;sentinel://b", "REDIS_MASTER_NAME": "m"},
            "REDIS_URL must be redis://",
        ),
        ({"REDIS_URL": "redis://:secret@:6379"}, "REDIS_URL has a URL without a host"),
        ({"REDIS_URL": "redis://:secret@a:70000"}, "or with a port that is no number from 1 to 65535."),
        ({"REDIS_URL": "redis://:secret@a/jobs"}, "REDIS_URL ends in a database that is no number"),
        ({"REDIS_URL": SENTINELS}, "REDIS_URL names sentinels: REDIS_MASTER_NAME must say what they call"),
        (
            {"CACHE_REDIS_URL": "sentinel://a"},
            "CACHE_REDIS_URL names sentinels: CACHE_REDIS_MASTER_NAME must",
        ),
        (
            {"REDIS_URL": "sentinel://:secret@a;sentinel://:other@b", "REDIS_MASTER_NAME": "m"},
            "its sentinels' URLs must have one password and one database.",
        ),
        ({"REDIS_WAIT_REPLICAS": "-1"}, "REDIS_WAIT_REPLICAS must be at least 0, not -1."),
    ],
)
def test_a_wrong_url_is_one_clear_sentence_without_the_password(
    environment: dict[str, str], says: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environment, NO_FILE)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_passwords_in_urls_are_secrets_in_both_spellings() -> None:
    """Given a password in a URL, I expect the logs to mask it alone too, and the whole URL first."""
    secrets = Settings(redis_url=SENTINELS, redis_sentinel_password="of sentinels").secrets()
    assert {"p@ss", "p%40ss", "of sentinels"} <= set(secrets)
    assert secrets.index(SENTINELS) < secrets.index("p%40ss")
