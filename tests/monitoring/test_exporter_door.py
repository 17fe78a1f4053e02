"""The exporter's port: who is heard there, and what strangers' connections may cost."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from connections import connected, ended
from patience import LONG_S, eventually
from prometheus_client import CollectorRegistry, Gauge, Metric
from prometheus_client.registry import Collector

from config.settings import Settings, SettingsError
from monitoring import configure
from monitoring.exporter import watching
from monitoring.server import MOST_IN_HAND, MOST_OF_ONE_ADDRESS, application, bound
from serving.protocol import Patience

BEARER = "alertmanager-to-exporter"
SILENT = 1000


class Slow(Collector):
    """Metrics that come when they are let; counts how often they were asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.go = threading.Event()

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        self.asked += 1
        self.go.wait(LONG_S)
        metric = Metric("asked", "How often.", "gauge")
        metric.add_sample("asked", {}, self.asked)
        yield metric


class Exporter:
    """The exporter's server in a thread of its own."""

    def __init__(self, secret: str = BEARER, patience: Patience | None = None) -> None:
        self.heard = 0
        self.registry = CollectorRegistry()
        Gauge("answer", "The answer.", registry=self.registry).set(42)
        self.server = bound(application(self.registry, self._hear, secret), "127.0.0.1", 0, patience)
        self.url = f"http://{self.server.address}"
        self._thread = threading.Thread(target=asyncio.run, args=(self.server.run_bound(),))

    def _hear(self) -> None:
        self.heard += 1

    def __enter__(self) -> "Exporter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        self._thread.join(LONG_S)

    def post(self, authorization: str | None, content: bytes = b'{"alerts": []}') -> int:
        """The status for who posts to /watchdog with this; written out, as no client writes all of it."""
        lines = ["POST /watchdog HTTP/1.1", "Host: localhost", "Connection: close"]
        lines.append(f"Content-Length: {len(content)}")
        if authorization is not None:
            lines.append(f"Authorization: {authorization}")
        with contextlib.closing(connected(self.url, "\r\n".join([*lines, "", ""]).encode() + content)) as raw:
            return int(ended(raw).split()[1])

    def get(self, path: str, accept: str = "*/*") -> httpx.Response:
        """A page."""
        return httpx.get(f"{self.url}{path}", headers={"Accept": accept}, timeout=LONG_S, trust_env=False)


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    with Exporter() as running:
        yield running


def test_who_has_the_secret_is_heard(exporter: Exporter) -> None:
    """Given Alertmanager's posts, I expect each to count, however the scheme is written or much is posted."""
    assert exporter.post(f"Bearer {BEARER}") == 204
    assert exporter.post(f"bearer  {BEARER} ") == 204
    assert exporter.post(f"Bearer {BEARER}", b"a" * 1_000_000) == 204
    assert exporter.heard == 3


@pytest.mark.parametrize(
    "authorization",
    [
        *(None, "", "Bearer", "Bearer ", f"Basic {BEARER}", BEARER, f"Bearer {BEARER[:-1]}"),
        *(f"Bearer {BEARER}s", f"Bearer {BEARER.upper()}", f"Bearer {BEARER}, Bearer x", "Bearer \u00e9"),
    ],
)
def test_who_has_not_the_secret_keeps_no_alarm_quiet(exporter: Exporter, authorization: str | None) -> None:
    """Given a post of anybody else, also of another site's page, I expect 401 and that it does not count."""
    assert exporter.post(authorization) == 401
    assert exporter.heard == 0


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer ", f"Bearer {BEARER}"])
def test_without_a_secret_nobody_is_heard(authorization: str | None) -> None:
    """Given an exporter that was told no secret, I expect an empty one to open nothing."""
    with Exporter(secret="") as exporter:
        assert exporter.post(authorization) == 401
        assert exporter.heard == 0


def test_each_page_is_where_it_was(exporter: Exporter) -> None:
    """Given requests of all sorts, I expect the metrics in the form that is asked for, and 404 elsewhere; a
    taken port is a clear sentence."""
    for path in ("/metrics", "/"):
        assert "answer 42.0\n" in exporter.get(path).text
    asked = exporter.get("/metrics", "application/openmetrics-text; version=1.0.0")
    assert asked.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert asked.text.endswith("# EOF\n")
    assert exporter.get("/healthz").text == "alive\n"
    assert [exporter.get(path).status_code for path in ("/watchdog", "/else")] == [405, 404]
    host, port = exporter.server.address.split(":")
    with pytest.raises(SettingsError, match=f"EXPORTER_PORT: cannot listen on {host}:{port}"):
        bound(application(exporter.registry, lambda: None, ""), host, int(port))


@pytest.mark.parametrize(
    "says", [b"", b"GET /metrics HT", b"POST /watchdog HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{"]
)
def test_all_are_answered_beside_a_thousand_connections_that_ask_nothing(
    exporter: Exporter, says: bytes
) -> None:
    """Given a thousand connections that never bring a whole request, I expect the oldest to be closed, and
    Prometheus, Alertmanager and health to be answered."""
    with ExitStack() as open_:
        made = [open_.enter_context(contextlib.closing(connected(exporter.url, says))) for _ in range(SILENT)]
        assert exporter.get("/metrics").status_code == 200
        assert exporter.get("/healthz").status_code == 200
        assert exporter.post(f"Bearer {BEARER}") == 204
        for connection in made[: SILENT - MOST_OF_ONE_ADDRESS]:
            assert b" 200 " not in ended(connection)


def test_a_connection_that_says_nothing_is_left() -> None:
    """Given one silent connection, and an exporter of little patience, I expect it to be closed."""
    with (
        Exporter(patience=Patience(0.2, 0.2, 60)) as exporter,
        contextlib.closing(connected(exporter.url)) as silent,
    ):
        assert ended(silent) == b""


@pytest.mark.long
def test_a_connection_that_dribbles_is_left_after_ten_seconds(exporter: Exporter) -> None:
    """Given a client that sends a letter now and then, I expect its connection to be closed after 10 s."""
    began = time.monotonic()
    with contextlib.closing(connected(exporter.url, b"GET /metr")) as slow:
        slow.settimeout(0.5)
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < LONG_S:
                try:
                    if not slow.recv(1024):
                        break
                except TimeoutError:
                    slow.sendall(b"a")
    assert 9 < time.monotonic() - began < LONG_S


def test_however_many_ask_redis_is_read_once_at_a_time(exporter: Exporter) -> None:
    """Given as many scrapes at once as are worked on, and a Redis that takes its time, I expect one reading
    for the first, one for all others, none older than its question, 503 for more, and health beside."""
    slow = Slow()
    exporter.registry.register(slow)
    with ThreadPoolExecutor(MOST_IN_HAND) as scraping:
        first = scraping.submit(exporter.get, "/metrics")
        eventually(lambda: slow.asked == 1)
        others = [scraping.submit(exporter.get, "/metrics") for _ in range(MOST_IN_HAND - 1)]
        eventually(lambda: exporter.get("/else").status_code == 503)
        assert exporter.get("/healthz").status_code == 200
        slow.go.set()
        assert "asked 1\n" in first.result().text.replace(".0\n", "\n")
        assert all("asked 2\n" in each.result().text.replace(".0\n", "\n") for each in others)
    assert slow.asked == 2


def test_an_exporter_that_is_to_miss_somebody_needs_the_secret(tmp_path: Path) -> None:
    """Given WATCHDOG_S without WATCHDOG_SECRET, I expect the exporter, and what writes Alertmanager's
    configuration, to say what is missing."""
    settings = Settings(telegram_token="1:a", admin_ids=(7,), watchdog_s=300.0)
    where = dict.fromkeys(("exporter", "flower", "alertmanager", "prometheus"), "host:1")
    with pytest.raises(SettingsError, match="WATCHDOG_SECRET is not set"), watching(settings):
        pass
    with pytest.raises(SettingsError, match="WATCHDOG_SECRET is not set"):
        configure.write(tmp_path, settings, where)
    configure.write(tmp_path, replace(settings, watchdog_s=0.0), where)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
    ],
)
def test_no_foreign_page_reads_the_figures(exporter: Exporter, headers: dict[str, str], status: int) -> None:
    """Given an exporter on this machine's own address, when a page of a foreign site asks for its figures, I
    expect a refusal; somebody who follows a link to them sees them."""
    answer = httpx.get(f"{exporter.url}/metrics", headers=headers, timeout=LONG_S, trust_env=False)
    assert answer.status_code == status
