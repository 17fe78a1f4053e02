"""Structured logs: readable in a terminal, JSON elsewhere, the job id on every line, no secret in any."""

import logging
import sys
from typing import Any

import structlog

from config import reports
from config.settings import Settings

# These log whole URLs at INFO, and Telegram's contain the token.
CHATTY = ("httpx", "httpcore", "telegram", "apscheduler")


def configure(settings: Settings, process: str) -> None:
    """Send all logging of this process to stderr through structlog; call once, at the start of a process.

    `process` names the process in every line. Values bound with `structlog.contextvars` (the job id)
    appear on every line of their thread or task.
    """
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([reports.reporter(settings, process)] if settings.sentry_dsn else []),
        structlog.processors.format_exc_info if as_json else _keep,
    ]
    # The renderer's own choice of traceback shows local variables: prompts and secrets.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    last: Any = structlog.processors.JSONRenderer() if as_json else plain
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _named(process),
            last,
            _masking(settings.secrets()),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _named(process: str) -> Any:
    def add(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        return {**event, "process": process}

    return add


def _keep(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    return event


def _masking(secrets: tuple[str, ...]) -> Any:
    def mask(_logger: Any, _method: str, line: str) -> str:
        for secret in secrets:
            line = line.replace(secret, "***")
        return line

    return mask
