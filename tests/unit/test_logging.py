"""Logs as an operator gets them: one JSON object a line, the job named, no secret in any."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog

from config.logging import CHATTY, configure
from config.settings import Settings

TOKEN = "5000000001:stand-token-of-the-darkroom-demo-bot"
KEY = "r8_very-secret-key"


class Logs:
    """A process that has set up its logging, and what it has written to stderr since."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def set_up(self, log_format: str = "json", level: str = "INFO") -> Any:
        """A logger of ours."""
        settings = Settings(
            telegram_token=TOKEN, replicate_api_token=KEY, log_format=log_format, log_level=level
        )
        configure(settings, "worker")
        return structlog.get_logger("story")

    def text(self) -> str:
        """Everything so far; nothing goes to stdout."""
        written = self._capture.readouterr()
        assert written.out == ""
        return written.err

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[Logs]:
    """Logging is the whole process's: it is set back after the story."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    quiet = {name: logging.getLogger(name).level for name in CHATTY}
    yield Logs(capsys)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in quiet.items():
        logging.getLogger(name).setLevel(was)
    structlog.reset_defaults()


def test_ours_and_others_lines_are_json_and_name_the_job(logs: Logs) -> None:
    """Given a bound job id, I expect it on our line and on a library's, with time, level, logger, process."""
    log = logs.set_up()
    with structlog.contextvars.bound_contextvars(job="fox"):
        log.info("submitted", prediction="p1")
        logging.getLogger("celery.worker").warning("missed %s heartbeats", 3)
    log.info("idle")
    ours, others, after = logs.lines()
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "submitted",
        "prediction": "p1",
        "job": "fox",
        "level": "info",
        "logger": "story",
        "process": "worker",
    }
    assert (others["event"], others["job"], others["logger"], others["level"]) == (
        "missed 3 heartbeats",
        "fox",
        "celery.worker",
        "warning",
    )
    assert "job" not in after


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_gets_into_any_line(logs: Logs, log_format: str) -> None:
    """Given tokens in a value, a library's message and a trace, I expect stars in their place."""
    log = logs.set_up(log_format)
    log.info("calling", url=f"https://api.telegram.org/bot{TOKEN}/getMe")
    logging.getLogger("uvicorn").error("Authorization: Bearer %s", KEY)
    try:
        raise ValueError(f"bad token {KEY}")
    except ValueError:
        log.exception("failed")
    text = logs.text()
    assert "api.telegram.org/bot***/getMe" in text
    assert "Authorization: Bearer ***" in text
    assert "ValueError" in text
    assert KEY not in text
    assert TOKEN not in text


def test_a_trace_is_part_of_its_line(logs: Logs) -> None:
    log = logs.set_up()
    try:
        raise ValueError("no such model")
    except ValueError:
        log.exception("failed")
    (line,) = logs.lines()
    assert line["event"] == "failed"
    assert line["exception"].endswith("ValueError: no such model")


def test_http_clients_are_not_heard_below_warning(logs: Logs) -> None:
    """Given libraries that log whole URLs, I expect neither INFO nor DEBUG of them, even at DEBUG."""
    log = logs.set_up(level="DEBUG")
    for name in ("httpx", "httpcore.http11", "telegram.ext.Application"):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING):
            logging.getLogger(name).log(level, logging.getLevelName(level))
    log.debug("ours")
    assert [line["event"] for line in logs.lines()] == ["WARNING"] * 3 + ["ours"]


def test_a_real_request_leaves_no_line(logs: Logs) -> None:
    log = logs.set_up()
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client:
        client.get(f"https://api.telegram.org/bot{TOKEN}/getMe")
    log.info("answered")
    assert [line["event"] for line in logs.lines()] == ["answered"]


def test_lines_below_the_level_are_left_out(logs: Logs) -> None:
    log = logs.set_up(level="WARNING")
    log.info("i")
    log.warning("w")
    logging.getLogger("kombu").info("i")
    logging.getLogger("kombu").error("e")
    assert [line["event"] for line in logs.lines()] == ["w", "e"]


def test_auto_is_json_where_nobody_watches(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given `auto`, I expect JSON, and readable lines in a terminal."""
    logs.set_up("auto").info("submitted", job="fox")
    assert logs.lines()[0]["event"] == "submitted"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    logs.set_up("auto").info("submitted", job="fox")
    text = logs.text()
    assert "submitted" in text
    assert "fox" in text
    assert not text.startswith("{")
