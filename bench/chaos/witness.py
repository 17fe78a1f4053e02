"""A recording of Redis's MONITOR stream: every command, in the order in which Redis ran it."""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from ledger import keys

_LINE = re.compile(rb"^\+(\d+\.\d+) \[\d+ ([^\]]+)\] (.*)$")
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_GAP = b"(gap)"
_WRITES = frozenset({"HSET", "HSETNX", "HDEL", "HINCRBY", "ZADD", "ZREM", "EXPIRE"})
_JOB = keys.job("")


@dataclass(slots=True)
class Step:
    """One step of Redis: a script with its arguments, or a plain command ("" as script).

    `writes` are its writes to jobs' records and to the sweep's index. `at` is Redis's own time (Unix
    seconds).
    """

    at: float
    script: str
    args: tuple[str, ...]
    writes: list[tuple[str, ...]] = field(default_factory=list)


class Witness:
    """Records the MONITOR stream of a Redis, which must have that command, to a file; a context manager.

    It reconnects after a restart and marks the gap.
    """

    def __init__(self, url: str, path: Path) -> None:
        place = urlsplit(url)
        self._port = place.port or 0
        self._login = f"AUTH {unquote(place.password or '')}\r\n".encode()
        self.path = path
        self._stopped = threading.Event()
        self._watching = threading.Event()
        self._thread = threading.Thread(target=self._run, name="witness", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._watching.wait(10):
            raise TimeoutError("Redis gave no MONITOR stream within 10 s")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop recording; the file stays."""
        self._stopped.set()
        self._thread.join(5)

    def _run(self) -> None:
        with self.path.open("wb") as file:
            while not self._stopped.wait(0.005):
                with (
                    contextlib.suppress(OSError),
                    socket.create_connection(("127.0.0.1", self._port), 1) as link,
                ):
                    link.settimeout(0.2)
                    link.sendall(self._login + b"MONITOR\r\n")
                    file.write(b"\r\n" + _GAP + b"\r\n")
                    while not self._stopped.is_set():
                        try:
                            chunk = link.recv(1 << 16)
                        except TimeoutError:
                            continue
                        if not chunk:
                            break
                        file.write(chunk)
                        self._watching.set()


def steps(path: Path, scripts: Mapping[str, str]) -> Iterator[Step | None]:
    """Yield the steps in which jobs were written (or could have been), and None at a gap.

    Args:
        path: The recorded stream.
        scripts: SHA-1 -> name of the ledger's scripts.
    """
    present: Step | None = None
    with path.open("rb") as file:
        for line in file:
            found = _LINE.match(line.rstrip())
            if found is not None and found[2] == b"lua":
                if present:
                    present.writes += _written(found[3])
                continue
            if found is None and not line.startswith(_GAP):
                continue
            if present:
                yield present
            present = _begun(float(found[1]), _words(found[3]), scripts) if found else None
            if found is None:
                yield None
    if present:
        yield present


def _words(text: bytes) -> tuple[str, ...]:
    return tuple(word.decode(errors="replace") for word in _WORD.findall(text))


def _written(text: bytes) -> list[tuple[str, ...]]:
    if b'"darkroom:job:' not in text and b'"darkroom:due"' not in text:
        return []
    words = _words(text)
    return [words] if words[0].upper() in _WRITES else []


def _begun(at: float, words: tuple[str, ...], scripts: Mapping[str, str]) -> Step | None:
    command = words[0].upper() if words else ""
    if command == "EVALSHA" and words[1] in scripts:
        return Step(at, scripts[words[1]], words[3:])
    if command in _WRITES and words[1].startswith(_JOB):
        return Step(at, "", (words[1].removeprefix(_JOB),), [words])
    return None
