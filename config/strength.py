"""The rules for secrets, and for the connections to Redis. Pure; no sentence repeats a secret."""

import re
from collections.abc import Iterator
from dataclasses import fields
from urllib.parse import parse_qs, unquote, urlsplit

from config.declared import Settings
from own_site.hosts import is_here

SHORTEST = 16
HOW = "make one with: openssl rand -hex 24"
_GIVEN = (
    # Secrets that others have made; their length is not ours to decide.
    *("telegram_token", "replicate_api_token", "replicate_webhook_secret"),
    *("s3_access_key_id", "s3_secret_access_key", "sentry_dsn"),
)
_WITH_PASSWORDS = ("redis_url", "cache_redis_url", "flower_basic_auth")
"""Settings in which a password is only a part; `_passwords` checks these."""
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""The characters that HTTP permits in a bearer token."""
_UNVERIFIED = ("none", "cert_none", "optional", "cert_optional")


def rules(s: Settings) -> tuple[tuple[bool, str], ...]:
    """Return each rule as a pair: whether it holds, and the sentence for when it does not."""
    return (*_secrets(s), *_passwords(s), *_ways(s), _bearer(s.watchdog_secret))


def open_here(s: Settings) -> Iterator[str]:
    """Yield a sentence for each Redis on this machine whose URL has no password."""
    for name, url in _redis_urls(s):
        if url and all(is_here(host) and not password for host, password, _ in _servers(url)):
            yield f"{name} has no password: every user of this machine could read prompts and make up jobs."


def _secrets(s: Settings) -> Iterator[tuple[bool, str]]:
    for spec in fields(s):
        if spec.metadata["secret"] and spec.name not in (*_GIVEN, *_WITH_PASSWORDS):
            name, value = spec.name.upper(), getattr(s, spec.name)
            yield (
                not value or len(value) >= SHORTEST,
                f"{name} is too short: it must have at least {SHORTEST} characters; {HOW}",
            )


def _bearer(secret: str) -> tuple[bool, str]:
    return (
        not secret or _BEARER.fullmatch(secret) is not None,
        f"WATCHDOG_SECRET may have letters, digits and - . _ ~ + / only; {HOW}",
    )


def _passwords(s: Settings) -> Iterator[tuple[bool, str]]:
    pairs = [pair.strip().partition(":") for pair in s.flower_basic_auth.split(",")]
    yield (
        all(not word or len(word) >= SHORTEST for _, _, word in pairs),
        f"FLOWER_BASIC_AUTH has a password that is too short: at least {SHORTEST} characters; {HOW}",
    )
    for name, url in _redis_urls(s):
        yield (
            all(not password or len(password) >= SHORTEST for _, password, _ in _servers(url)),
            f"{name} has a password that is too short: at least {SHORTEST} characters, in the server's "
            f"requirepass too; {HOW}",
        )


def _ways(s: Settings) -> Iterator[tuple[bool, str]]:
    """Yield the rules for a Redis on another host: it needs a password, and TLS or a private network."""
    for name, url in _redis_urls(s):
        servers = list(_servers(url))
        away = [each for each in servers if not is_here(each[0])]
        # It is enough that one of the sentinels' URLs has the master's password.
        yield (
            not away or any(password for _, password, _ in servers),
            f"{name} leads to another host without a password: whoever reaches that Redis could make up jobs "
            "and spend money. Give it one (requirepass), and put it into the URL: redis://:password@host:6379/0",
        )
        yield (
            s.redis_private_network or all(private for _, _, private in away),
            f"{name} leads to another host without TLS: password and prompts could be read on the way. Use "
            "rediss://, or set REDIS_PRIVATE_NETWORK=true where nobody else is on the network between.",
        )


def _redis_urls(s: Settings) -> tuple[tuple[str, str], ...]:
    return ("REDIS_URL", s.redis_url), ("CACHE_REDIS_URL", s.cache_redis_url)


def _servers(urls: str) -> Iterator[tuple[str, str, bool]]:
    """Yield host, password, and whether TLS verifies the server, for each URL.

    Texts that are no URLs are skipped; another rule reports them.
    """
    for url in filter(None, map(str.strip, urls.split(";"))):
        try:
            parts = urlsplit(url)
            checked = parse_qs(parts.query).get("ssl_cert_reqs", ["required"])
        except ValueError:
            continue
        if parts.hostname:
            private = parts.scheme == "rediss" and checked[-1].lower() not in _UNVERIFIED
            yield parts.hostname, unquote(parts.password or ""), private
