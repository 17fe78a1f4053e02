"""The rules for the settings of the optional extras. Pure, except for the check of installed packages."""

import importlib.util
import re
from urllib.parse import urlsplit

from config.declared import Settings

_INSTALL = "pip install -r requirements-extras.txt, or leave it empty"


def rules(s: Settings) -> tuple[tuple[bool, str], ...]:
    """Return each rule as a pair: whether it holds, and the sentence for when it does not."""
    return (
        (
            not s.sentry_dsn or _is_dsn(s.sentry_dsn),
            "SENTRY_DSN must be a project's DSN as Sentry shows it: https://KEY@HOST/PROJECT.",
        ),
        (
            not s.sentry_dsn or _installed("sentry_sdk"),
            f"SENTRY_DSN is set, and sentry-sdk is not installed: {_INSTALL}.",
        ),
        (
            not s.otel_exporter_otlp_endpoint or _is_url(s.otel_exporter_otlp_endpoint),
            "OTEL_EXPORTER_OTLP_ENDPOINT must be the base URL of an OTLP/HTTP receiver, such as "
            f"http://collector:4318, not {s.otel_exporter_otlp_endpoint!r}.",
        ),
        (
            not s.otel_exporter_otlp_endpoint or _installed("opentelemetry.exporter.otlp.proto.http"),
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, and opentelemetry is not installed: {_INSTALL}.",
        ),
    )


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_dsn(text: str) -> bool:
    return _is_url(text) and bool(urlsplit(text).username) and bool(re.search(r"/\d+$", text))
