"""The rules for the settings of the webhooks, of Telegram and of the providers. Pure."""

import base64
import binascii
import re
from urllib.parse import urlsplit

from config.declared import Settings

_SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")


def rules(s: Settings) -> tuple[tuple[bool, str], ...]:
    """Return each rule for every process as a pair: whether it holds, and the sentence for when not."""
    return (
        (s.bot_mode in ("polling", "webhook"), f"BOT_MODE must be polling or webhook, not {s.bot_mode!r}."),
        (
            s.bot_mode != "webhook" or bool(s.webhook_url),
            "BOT_MODE=webhook needs WEBHOOK_URL (where Telegram reaches this bot) and WEBHOOK_SECRET.",
        ),
        (
            not s.webhook_secret or bool(_SECRET_TOKEN.fullmatch(s.webhook_secret)),
            "WEBHOOK_SECRET must be at most 256 characters of A-Z, a-z, 0-9, _ and -, as Telegram demands.",
        ),
        (
            not s.webhook_secret_previous or bool(_SECRET_TOKEN.fullmatch(s.webhook_secret_previous)),
            "WEBHOOK_SECRET_PREVIOUS must be what WEBHOOK_SECRET was.",
        ),
        (
            not s.webhook_url or _is_base(s.webhook_url, s.telegram_api_url),
            f"WEBHOOK_URL must be an https:// base URL without a query, not {s.webhook_url!r}.",
        ),
        (
            1 <= s.webhook_max_connections <= 100,
            f"WEBHOOK_MAX_CONNECTIONS must be from 1 to 100, not {s.webhook_max_connections}.",
        ),
        (
            1 <= s.webhook_address_connections <= 400,
            f"WEBHOOK_ADDRESS_CONNECTIONS must be from 1 to 400, not {s.webhook_address_connections}.",
        ),
        (
            address(s.webhook_bind) is not None,
            f"WEBHOOK_BIND must be host:port, such as 0.0.0.0:8080, not {s.webhook_bind!r}.",
        ),
        *_providers(s),
    )


def receiving(s: Settings) -> tuple[tuple[bool, str], ...]:
    """Return the rules for a process that receives webhooks: it needs the secrets that verify them."""
    return (
        (
            not s.webhook_url or bool(s.webhook_secret),
            "WEBHOOK_URL is set without WEBHOOK_SECRET: anyone could post updates; set both.",
        ),
        (
            not s.provider_webhook_url or _is_signing_key(s.replicate_webhook_secret),
            "PROVIDER_WEBHOOK_URL needs REPLICATE_WEBHOOK_SECRET (whsec_...): without it no webhook can be "
            "verified. Replicate gives it at /v1/webhooks/default/secret.",
        ),
    )


def _providers(s: Settings) -> tuple[tuple[bool, str], ...]:
    wanted = bool(s.provider_webhook_url)
    return (
        (
            not wanted or _is_base(s.provider_webhook_url, s.replicate_api_url),
            "PROVIDER_WEBHOOK_URL must be an https:// base URL without a query, "
            f"not {s.provider_webhook_url!r}.",
        ),
        (
            not wanted or bool(s.signing_secret),
            "PROVIDER_WEBHOOK_URL needs SIGNING_SECRET, random characters that sign the job ids in the "
            "webhooks' URLs.",
        ),
    )


def address(bind: str) -> tuple[str, int] | None:
    """Return host and port of `host:port` or `[IPv6]:port`; None where the text is neither."""
    host, colon, port = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        return None
    return host, int(port)


def _is_base(url: str, service: str) -> bool:
    """Return whether a service can post to URLs under this one; only a service of our own may without TLS."""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        return False
    return named and (parts.scheme == "https" or (parts.scheme == "http" and service.startswith("http:")))


def _is_signing_key(secret: str) -> bool:
    try:
        return secret.startswith("whsec_") and len(base64.b64decode(secret[6:] + "==")) > 0
    except binascii.Error:
        return False
