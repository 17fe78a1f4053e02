"""Structured logs: readable in a terminal, JSON elsewhere, with the job id on every line and no secrets.

Values are masked before they are rendered, and the rendered line is masked again. A terminal gets no control
characters except our own colours and line feeds.
"""

import logging
import sys
import threading
import traceback
from contextlib import suppress
from types import TracebackType
from typing import Any

import structlog

from config.logs import reports
from config.logs.masking import Masker, text_of
from config.logs.printable import printable, quoted
from config.settings import Settings

# These libraries log whole URLs at INFO, and Telegram's URLs contain the token.
CHATTY = ("httpx", "httpcore", "telegram", "apscheduler")


def configure(settings: Settings, process: str) -> None:
    """Send all logs of this process to stderr through structlog. Call this once, at the start of a process.

    Values bound with `structlog.contextvars` (the job id) appear on every line of their thread or task.

    Args:
        process: The name of the process, which appears on every line.
    """
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    masker = Masker(settings.secrets())
    _hear_last_words(masker)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([reports.reporter(settings, process)] if settings.sentry_dsn else []),
        # Tracebacks are text without local variables, which may be prompts and secrets.
        structlog.processors.format_exc_info,
    ]
    plain = structlog.dev.ConsoleRenderer(
        # A pipe gets no colours: the program that shows the lines escapes control characters.
        colors=sys.stderr.isatty(),
        exception_formatter=structlog.dev.plain_traceback,
    )
    last: list[Any] = [structlog.processors.JSONRenderer()] if as_json else [_for_a_terminal, plain]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _named(process),
            _masking(masker),
            *last,
            _net(masker),
        ],
    )
    handler = _Handler(masker)
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


def _masking(masker: Masker) -> Any:
    def mask(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = masker.value(event)
        return masked

    return mask


def _net(masker: Masker) -> Any:
    def mask(_logger: Any, _method: str, line: str) -> str:
        return masker.text(line)

    return mask


def _for_a_terminal(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Escape control characters, and mark a traceback's lines, so that none looks like a line of the log."""
    shown = {printable(str(name)): printable(text_of(value)) for name, value in event.items()}
    blocks = {name: "\n" + quoted(str(event[name])) for name in ("exception", "stack") if event.get(name)}
    return {**shown, **{name: block.removeprefix("\n") for name, block in blocks.items()}}


class _Handler(logging.StreamHandler[Any]):
    """A handler that reports lines that cannot be formatted, masked.

    The logging module itself would print the arguments of such a line unmasked.
    """

    def __init__(self, masker: Masker) -> None:
        super().__init__(sys.stderr)
        self._masker = masker

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            text = (
                f"a line of {record.name} could not be logged ({error!r}): {record.msg!r} % {record.args!r}"
            )
            _say(self._masker, text)


def _hear_last_words(masker: Masker) -> None:
    """Print uncaught errors as the log would: masked, and without control characters."""

    def say(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        _say(masker, "".join(traceback.format_exception(kind, error, trace)).rstrip("\n"))

    def in_thread(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_type is not SystemExit:
            say(failed.exc_type, failed.exc_value, failed.exc_traceback)

    sys.excepthook = say
    threading.excepthook = in_thread
    sys.unraisablehook = lambda failed: say(failed.exc_type, failed.exc_value, failed.exc_traceback)
    logging.captureWarnings(capture=True)


def _say(masker: Masker, text: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{quoted(masker.text(text))}\n")
