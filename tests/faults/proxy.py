"""A TCP proxy between two programs, which does to their connections what networks do."""

import contextlib
import selectors
import socket
import threading
import time
from types import TracebackType
from typing import Self

from .trap import Deed, Trap
from .way import Way, hang_up

_CHUNK = 65_536
_MOST_HELD = 4 << 20
"""Above this many bytes that cannot go on yet, no more are taken from their sender."""
_TAIL = 256
"""So much of what went before is looked at together with a new chunk: a request may come in pieces."""


class Proxy:
    """Listens on a free port of 127.0.0.1 and passes connections on to `port` there, until it is closed.

    All switches hold for the connections that are open and for new ones, until `heal`. What was held back
    then goes on, as after a break in the network, even where its sender has given up meanwhile.
    """

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs: dict[Way, Way] = {}
        self._traps: list[Trap] = []
        self._delay = 0.0
        self._hole = False
        self._resetting = False
        self._cut: int | None = None
        self._selector = selectors.DefaultSelector()
        self._alarm, self._bell = socket.socketpair()
        self._open = True
        for door in (self._listener, self._bell):
            door.setblocking(False)
            self._selector.register(door, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name=f"proxy-{self.port}", daemon=True)
        self._thread.start()

    # The switches.

    def heal(self) -> None:
        """Let everything pass, and forget all traps."""
        with self._lock:
            self._delay, self._hole, self._resetting, self._cut = 0.0, False, False, None
            self._traps.clear()
            for way in self._pairs:
                way.held = False
        self._wake()

    def delay(self, seconds: float) -> None:
        """Every chunk comes so much later, in both directions."""
        with self._lock:
            self._delay = seconds
        self._wake()

    def black_hole(self) -> None:
        """No byte moves any more; new connections are taken, and lead nowhere."""
        with self._lock:
            self._hole = True
        self._wake()

    def reset(self) -> None:
        """All connections are reset, with what was held back in them; new ones at once."""
        with self._lock:
            self._resetting = True
            for way in list(self._pairs):
                if not way.closed:
                    self._drop(way)

    def cut_after(self, count: int) -> None:
        """A connection is reset as soon as `count` bytes of answers have passed, counted from now."""
        with self._lock:
            self._cut = count
            for way in self._pairs:
                way.passed = 0
        self._wake()

    def set(self, trap: Trap) -> Trap:
        """Put up a trap, for the requests that come from now on."""
        with self._lock:
            self._traps.append(trap)
        return trap

    @property
    def connections(self) -> int:
        """How many are open."""
        with self._lock:
            return len(self._pairs) // 2

    def close(self) -> None:
        """End all connections and the thread."""
        self._open = False
        self._wake()
        self._thread.join(10)
        for way in list(self._pairs):
            way.source.close()
        self._selector.close()
        for door in (self._listener, self._alarm, self._bell):
            door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # The thread.

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._alarm.send(b"!")

    def _run(self) -> None:
        pause: float | None = None
        while self._open:
            ready = self._selector.select(pause)
            with self._lock:
                for key, _ in ready:
                    if key.fileobj is self._listener:
                        self._accept()
                    elif key.fileobj is self._bell:
                        self._bell.recv(_CHUNK)
                    elif not key.data.closed:
                        self._read(key.data)
                pause = self._pass_on()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            client, _ = self._listener.accept()
            try:
                if self._resetting:
                    raise ConnectionResetError
                server = socket.create_connection(("127.0.0.1", self._upstream), timeout=2)
            except OSError:
                hang_up(client)
                return
            there = Way(client, server, answers=False)
            back = Way(server, client, answers=True)
            self._pairs |= {there: back, back: there}
            for way in (there, back):
                way.source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                way.source.setblocking(False)
                self._selector.register(way.source, selectors.EVENT_READ, way)

    def _read(self, way: Way) -> None:
        try:
            chunk = way.source.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self._drop(way)
            return
        if way.doomed:
            self._drop(way)
            return
        if not chunk:
            way.ended = True
            self._selector.unregister(way.source)
            return
        if not way.answers and not self._try(way, chunk):
            return
        way.waiting.append((time.monotonic() + self._delay, chunk))
        way.size += len(chunk)
        if way.size > _MOST_HELD:
            self._selector.unregister(way.source)

    def _try(self, way: Way, chunk: bytes) -> bool:
        """Let the traps see a request; False where the connection is gone over it."""
        before, way.tail = way.tail, (way.tail + chunk)[-_TAIL:]
        for trap in self._traps:
            if way.held or not trap.meets(before, chunk, self):
                continue
            back = self._pairs[way]
            if trap.deed is Deed.RESET:
                self._drop(way)
                return False
            back.doomed = trap.deed is Deed.LOSE_ANSWER
            back.held = trap.deed is Deed.HOLD_ANSWER
            way.held = trap.deed is Deed.HOLD
        return True

    def _pass_on(self) -> float | None:
        """Pass on all that may go; answers how long until more may, None where nothing waits for a time."""
        soonest: float | None = None
        for way in list(self._pairs):
            wait = None if way.closed else self._pass_way_on(way)
            if wait is not None:
                soonest = wait if soonest is None else min(soonest, wait)
        return soonest

    def _pass_way_on(self, way: Way) -> float | None:
        while way.waiting and not self._hole and not way.held:
            due, chunk = way.waiting[0]
            if (wait := due - time.monotonic()) > 0:
                return wait
            if way.answers and self._cut is not None:
                chunk = chunk[: max(0, self._cut - way.passed)]
            try:
                sent = way.target.send(chunk) if chunk else 0
            except BlockingIOError:
                return 0.005
            except OSError:
                self._drop(way)
                return None
            self._sent(way, sent)
            if way.answers and self._cut is not None and way.passed >= self._cut:
                self._drop(way)
                return None
        if way.ended and not way.waiting:
            self._end(way)
        return None

    def _sent(self, way: Way, count: int) -> None:
        due, chunk = way.waiting.popleft()
        if rest := chunk[count:]:
            way.waiting.appendleft((due, rest))
        full = way.size > _MOST_HELD
        way.size -= count
        way.passed += count
        if full and way.size <= _MOST_HELD and not way.ended:
            self._selector.register(way.source, selectors.EVENT_READ, way)

    def _end(self, way: Way) -> None:
        """One side has closed, and all of it has arrived: so does the other see it closed."""
        with contextlib.suppress(OSError):
            way.target.shutdown(socket.SHUT_WR)
        back = self._pairs[way]
        if back.ended and not back.waiting:
            self._forget(way)

    def _drop(self, way: Way) -> None:
        """Reset both ends."""
        back = self._pairs[way]
        for each in (way, back):
            each.waiting.clear()
        self._forget(way, reset=True)

    def _forget(self, way: Way, *, reset: bool = False) -> None:
        for each in (way, self._pairs[way]):
            each.closed = True
            del self._pairs[each]
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(each.source)
            if reset:
                hang_up(each.source)
            else:
                each.source.close()
