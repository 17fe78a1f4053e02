"""What the secret must be like by which the exporter knows Alertmanager."""

import re

from config.declared import Settings

SHORTEST = 16
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What HTTP has a bearer token consist of."""


def rules(s: Settings) -> tuple[tuple[bool, str], ...]:
    """(holds, the sentence for when it does not) of every rule."""
    secret = s.watchdog_secret
    return (
        (
            not secret or (len(secret) >= SHORTEST and _TOKEN.fullmatch(secret) is not None),
            f"WATCHDOG_SECRET must be at least {SHORTEST} letters, digits or any of - . _ ~ + / "
            "(openssl rand -hex 24 makes one).",
        ),
    )
