"""The log of a process: JSON or readable, the job id on every line, and neither secrets nor prompts in any.

Logging belongs to a whole process, so each story is a process of its own.
"""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from patience import LONG_S

from config.settings import ROOT

TOKEN = "7001001:" + "S" * 35
PROMPT = "a red fox that nobody may read about"

STORY = f"""
import logging, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
import httpx, structlog
from config.logs.logging import configure
from config.settings import Settings

settings = Settings(
    telegram_token="{TOKEN}", replicate_api_token="r8_secret", redis_url="redis://:hush@127.0.0.1:1/0",
    log_format=sys.argv[1], log_level=sys.argv[2],
)
configure(settings, "worker")
log = structlog.get_logger("tasks.generation.task")

class Quiet(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass

def fail():
    prompt, api_token = "{PROMPT}", "r8_" + "another"
    raise ValueError("it broke")

with structlog.contextvars.bound_contextvars(job="fox"):
    log.info("submitted", prediction="p1")
    logging.getLogger("celery.worker").warning("by the %s logging of Python", "plain")
    log.info("connecting", url=settings.redis_url, header="Bearer r8_secret")
    server = HTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = "http://127.0.0.1:" + str(server.server_address[1])
    httpx.get(address + "/bot{TOKEN}/getMe", trust_env=False)
    server.shutdown()
    try:
        fail()
    except ValueError:
        log.exception("job failed by an error of ours")
        logging.getLogger("kombu").exception("theirs failed too")
log.info("after the job")
log.debug("small print")
"""


def told(log_format: str, level: str = "INFO") -> str:
    """All that the story writes to stderr."""
    argv = [sys.executable, "-c", STORY, log_format, level]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=200, check=True)
    assert done.stdout == ""
    return done.stderr


@pytest.fixture(scope="module")
def json_log() -> str:
    """What goes into a pipe is JSON."""
    return told("auto")


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


def test_every_line_is_json_with_its_time_its_level_and_its_process(json_log: str) -> None:
    """Given lines of ours, of a library's and of an exception, each is one JSON object of the same shape."""
    told = lines(json_log)
    assert [line["event"] for line in told] == [
        "submitted",
        "by the plain logging of Python",
        "connecting",
        "job failed by an error of ours",
        "theirs failed too",
        "after the job",
    ]
    assert all(line["process"] == "worker" and line["timestamp"].endswith("Z") for line in told)
    assert [line["level"] for line in told] == ["info", "warning", "info", "error", "error", "info"]
    assert [line["logger"] for line in told][:2] == ["tasks.generation.task", "celery.worker"]


def test_the_job_is_on_every_line_that_was_written_for_it_and_on_no_other(json_log: str) -> None:
    assert [line.get("job") for line in lines(json_log)] == ["fox"] * 5 + [None]


def test_what_went_wrong_can_be_read_from_the_line(json_log: str) -> None:
    for line in lines(json_log)[3:5]:
        assert "ValueError: it broke" in line["exception"]
        assert "in fail" in line["exception"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_line_has_a_secret_or_a_prompt(log_format: str, json_log: str) -> None:
    """Given secrets in values, in a URL that httpx called and in an exception's variables, none is shown."""
    log = json_log if log_format == "json" else told(log_format)
    assert "***" in log
    for secret in (TOKEN, "r8_secret", "hush", "r8_another", PROMPT, "getMe"):
        assert secret not in log


def test_debugging_shows_more_and_still_no_secret() -> None:
    log = told("json", "DEBUG")
    assert lines(log)[-1]["event"] == "small print"
    assert TOKEN not in log
    assert "getMe" not in log


def test_a_terminal_gets_lines_for_people() -> None:
    """Given LOG_FORMAT=auto, when its stderr is a terminal, a process writes coloured text without local
    variables."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", STORY, "auto", "INFO"],
        cwd=ROOT,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
    ) as program:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 65536):
                seen += part
        except OSError:
            pass  # Linux says so when the other end is closed
        assert program.wait(LONG_S) == 0
    os.close(ours)
    shown = seen.decode()
    assert "\x1b[" in shown
    assert "submitted" in shown
    assert "ValueError: it broke" in shown
    assert PROMPT not in shown


SETTINGS = """
import logging, sys
from dataclasses import fields
import structlog
from config.logs.logging import configure
from config.settings import Settings

secret = [spec.name for spec in fields(Settings) if spec.metadata["secret"]]
urls = [name for name in secret if name.endswith("_url") or name.endswith("_dsn")]
values = {name: "hidden-" + name.upper() for name in secret}
values |= {name: f"http://public:hidden-{name}@127.0.0.1:1/0" for name in urls}
settings = Settings(**values, log_format=sys.argv[1])
configure(settings, "worker")
log = structlog.get_logger("tasks")
for name, value in values.items():
    log.info("told", value=value, url="https://x/?token=" + value, nested={"header": ["Bearer " + value]})
    logging.getLogger("kombu").warning("theirs: %s", value)
    try:
        raise ValueError(value)
    except ValueError:
        log.exception("it broke")
log.info("settings", count=len(secret), all=repr(settings))
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_setting_is_in_any_line(log_format: str) -> None:
    """Given every setting that is declared as secret, in values, URLs, headers, errors and the settings'
    own text, I expect none of them in what is logged, the password of a URL included."""
    argv = [sys.executable, "-c", SETTINGS, log_format]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=200, check=True)
    assert done.stderr.count("told") >= 10
    assert "hidden-" not in done.stdout + done.stderr


HOSTILE = "\x1b[2J\x07\x9b31m\u202e\r\n2026-01-01T00:00:00Z [info     ] forged"
SHOUTS = f"""
import logging, sys, threading, warnings
import structlog
from config.logs.logging import configure
from config.settings import Settings

configure(Settings(flower_basic_auth="operator:open sesame", log_format=sys.argv[1]), "worker")
hostile = {HOSTILE!r}
log = structlog.get_logger("tasks")
log.warning("said " + hostile, name=hostile, nested={{"key" + hostile: [hostile]}})
logging.getLogger("kombu").warning("theirs: %s", hostile)
logging.getLogger("kombu").warning("cannot be put together: %d", "open%20sesame" + hostile)
warnings.warn("take care of open+sesame" + hostile)
for logger in (log, logging.getLogger("kombu")):
    try:
        raise ValueError(hostile)
    except ValueError:
        logger.exception("it broke")
def fail(where):
    raise ValueError("operator:open sesame " + where + hostile)
thread = threading.Thread(target=fail, args=("in a thread",))
thread.start()
thread.join()
fail("at the end")
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_nothing_that_was_said_controls_a_terminal(log_format: str) -> None:
    """Given escape sequences and a line that looks like ours in events, values, a library's message, one
    that cannot be put together, a warning, tracebacks and errors that nobody catches, I expect all shown,
    none obeyed, and no line forged; the password in them is masked."""
    argv = [sys.executable, "-c", SHOUTS, log_format]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, timeout=200, check=False)
    log = done.stderr.decode("utf-8")
    assert done.returncode == 1
    for event in (
        "said",
        "theirs",
        "could not be logged",
        "take care",
        "it broke",
        "in a thread",
        "at the end",
    ):
        assert event in log
    assert not set(log) & set("\x1b\x07\x9b\u202e\r")
    assert not [line for line in log.split("\n") if line.startswith("2026-01-01")]
    assert "sesame" not in log
