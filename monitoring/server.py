"""The exporter's HTTP: GET /metrics for Prometheus, POST /watchdog for Alertmanager, GET /healthz."""

import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from config.settings import SettingsError

WATCHDOG = "/watchdog"
MOST_BYTES = 1 << 20

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def application(registry: CollectorRegistry, heard: Callable[[], None]) -> Application:
    """The WSGI application; `heard` is called for each alert that Alertmanager posts."""
    metrics: Any = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if path == WATCHDOG and method == "POST":
            length = environ.get("CONTENT_LENGTH") or "0"
            environ["wsgi.input"].read(min(int(length) if length.isdigit() else 0, MOST_BYTES))
            heard()
            start("204 No Content", [])
            return []
        if path == "/healthz":
            start("200 OK", [("Content-Type", "text/plain")])
            return [b"alive\n"]
        if path not in ("/", "/metrics"):
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"metrics are at /metrics\n"]
        found: Iterable[bytes] = metrics(environ, start)
        return found

    return answer


class Server:
    """Listens at once; raises SettingsError for an address that cannot be had. The caller closes it."""

    def __init__(self, answer: Application, host: str, port: int) -> None:
        try:
            self._server = make_server(host, port, answer, ThreadingWSGIServer, _Quiet)
        except OSError as error:
            raise SettingsError(
                f"EXPORTER_PORT: cannot listen on {host}:{port} ({error.strerror}); choose another."
            ) from error
        self._server.daemon_threads = True
        self.address = f"{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more requests."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """No line for each scrape."""
