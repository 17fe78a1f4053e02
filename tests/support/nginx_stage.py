"""nginx with deploy/nginx/nginx.conf on free ports, in front of a bot that answers everything."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from patience import LONG_S, eventually
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from config.settings import ROOT
from sandbox.environment import free_port
from serving.configuration import configuration
from serving.listening import listener
from serving.server import Server

OPERATOR = ("operator", "a-password-of-this-test")
TELEGRAM, STRANGER, OTHER = "127.0.0.3", "127.0.0.4", "127.0.0.5"
"""Addresses of this machine; the first stands for one of Telegram's."""
SLOW = "/providers/slow"


class Nginx:
    """The door, and how clients of different addresses come to it."""

    def __init__(self, port: int, go: threading.Event) -> None:
        self.port = port
        self.go = go
        """Requests for SLOW are answered once it is set."""

    def client(self, address: str) -> httpx.Client:
        """A client that comes from this address; each request has a connection of its own."""
        transport = httpx.HTTPTransport(local_address=address, limits=httpx.Limits(max_connections=300))
        return httpx.Client(
            transport=transport, base_url=f"http://127.0.0.1:{self.port}", timeout=LONG_S, trust_env=False
        )

    def connected(self, address: str, says: bytes) -> socket.socket:
        """A connection that has said this much."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=LONG_S, source_address=(address, 0))
        made.sendall(says)
        return made

    def post(self, address: str) -> int:
        """The status of an update that comes from this address."""
        with self.client(address) as client:
            return client.post("/telegram", json={}).status_code


def running(folder: Path) -> Iterator[Nginx]:
    """nginx until the end of the test, which is skipped where it, or openssl, is not installed."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or shutil.which("openssl") is None:
        pytest.skip("nginx or openssl is not installed (Debian: apt install nginx-light openssl)")
    _make_secrets(folder)
    go = threading.Event()
    with _bot(go) as bot:
        port = free_port()
        (folder / "nginx.conf").write_text(_here(folder, port, bot), encoding="utf-8")
        options = "daemon off;" + (" user root;" if os.getuid() == 0 else "")
        told = folder / "error.log"
        process = subprocess.Popen(
            [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", options],
            stderr=told.open("wb"),
        )
        try:
            door = Nginx(port, go)
            eventually(lambda: process.poll() is not None or _alive(door))
            assert process.poll() is None, told.read_text(encoding="utf-8")
            yield door
        finally:
            go.set()
            process.terminate()
            process.wait(LONG_S)


def _alive(door: Nginx) -> bool:
    with suppress(httpx.TransportError), door.client(OTHER) as client:
        return client.get("/alive").text == "alive\n"
    return False


def _here(folder: Path, port: int, bot: str) -> str:
    """The configuration with this machine's places, and an address of this machine for Telegram's."""
    text = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
    text = re.sub(r"(?<= )/(?:tmp|run/secrets)/(?=\w)", f"{folder}/", text)
    for before, after in {
        "listen 8080;": f"listen 127.0.0.1:{port};",
        "listen 8443 ssl;": f"listen 127.0.0.1:{free_port()} ssl;",
        "http://bot:8080;": f"{bot};",
        "http://exporter:9090;": f"{bot};",
        "http://flower:5555;": f"{bot};",
        "149.154.160.0/20 1;": f"{TELEGRAM}/32 1;",
        "/dev/stdout": f"{folder}/access.log",
        "/dev/stderr": f"{folder}/error.log",
    }.items():
        assert before in text, before
        text = text.replace(before, after)
    return text


def _make_secrets(folder: Path) -> None:
    key, certificate = folder / "tls_key", folder / "tls_certificate"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        [*make.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    name, password = OPERATOR
    (folder / "operator_htpasswd").write_text(f"{name}:{{PLAIN}}{password}\n", encoding="utf-8")


@contextmanager
def _bot(go: threading.Event) -> Iterator[str]:
    """A server in a thread of its own that answers every request; its address."""

    async def answer(request: Request) -> Response:
        async for _ in request.stream():
            pass
        if request.url.path == SLOW:
            await asyncio.to_thread(go.wait)
        return PlainTextResponse("here\n")

    application = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    config = configuration(application, waiting=5000, of_one_address=5000)
    server = Server(config, listener("127.0.0.1", 0))
    thread = threading.Thread(target=asyncio.run, args=(server.run_bound(),))
    thread.start()
    try:
        yield f"http://{server.address}"
    finally:
        server.stop()
        thread.join(LONG_S)


def closed_after(connection: socket.socket, says: bytes) -> float:
    """Say a piece of it each half second; how many seconds the other side bears that."""
    began = time.monotonic()
    connection.settimeout(0.5)
    with suppress(ConnectionError):
        while time.monotonic() - began < LONG_S:
            try:
                if not connection.recv(65_536):
                    break
            except TimeoutError:
                connection.sendall(says)
    return time.monotonic() - began
