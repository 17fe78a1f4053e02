"""Reading Redis's RDB format: keys, with their values in the form that RESTORE takes, not decoded.

The format is described in https://rdb.fnordig.de/file_format.html and in rdb.c of Redis. Pure.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from mmap import mmap

import anycrc

from deploy.backup.lzf import decompress

_MAGIC = b"REDIS"
_AUX, _RESIZE, _EXPIRE_MS, _EXPIRE_S, _SELECT, _END = 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF
_IDLE, _FREQ, _FUNCTION = 0xF8, 0xF9, 0xF5
_SHARED_VERSION = 11
"""The newest version of values that RESTORE accepts in Redis (from 7.2) as well as in Valkey.

All types that are read here exist in this version.
"""
_crc64 = anycrc.CRC(width=64, poly=0xAD93D23594C935A9, init=0, refin=True, refout=True, xorout=0)


class BadSnapshot(ValueError):
    """The RDB file is incomplete or altered, or has a value that this version of Darkroom cannot read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of database `db`. `dump` is its value for RESTORE; `expires_ms` (Unix ms) is 0 for never."""

    db: int
    key: bytes
    dump: bytes
    expires_ms: int


def entries(data: bytes | mmap) -> Iterator[Entry]:
    """Yield all keys of an RDB file.

    Raises:
        BadSnapshot: Also after the last key, where the checksum is. So read all keys before you trust any.
    """
    with memoryview(data) as view:
        try:
            yield from _Reader(view).entries()
        except (IndexError, ValueError) as error:
            raise (
                error if isinstance(error, BadSnapshot) else BadSnapshot(f"it ends too early ({error})")
            ) from error


class _Reader:
    def __init__(self, view: memoryview) -> None:
        if bytes(view[:5]) != _MAGIC or not bytes(view[5:9]).isdigit():
            raise BadSnapshot("it is no RDB file")
        self._view = view
        self._at = 9
        self._version = min(int(bytes(view[5:9])), _SHARED_VERSION)
        self._ways = _ways(self)

    def entries(self) -> Iterator[Entry]:
        db, expires = 0, 0
        while (word := self._byte()) != _END:
            if word == _SELECT:
                db = self.length()
            elif word == _EXPIRE_MS:
                expires = int.from_bytes(self._take(8), "little")
            elif word == _EXPIRE_S:
                expires = int.from_bytes(self._take(4), "little") * 1000
            elif word in _BETWEEN:
                for skip in _BETWEEN[word]:
                    skip(self)
            else:
                key = self._text()
                yield Entry(db, key, self._dump(word), expires)
                expires = 0
        self._check_end()

    def _dump(self, kind: int) -> bytes:
        if kind not in self._ways:
            raise BadSnapshot(f"it has a value of type {kind}, which this version of Darkroom cannot read")
        begin = self._at
        self._ways[kind]()
        if self._at > len(self._view):
            raise BadSnapshot("it ends too early")
        body = bytes((kind,)) + bytes(self._view[begin : self._at]) + self._version.to_bytes(2, "little")
        return body + int(_crc64.calc(body)).to_bytes(8, "little")

    def _check_end(self) -> None:
        end = self._at
        said = int.from_bytes(self._take(8), "little")
        # 0: the server was told to write no checksum (rdbchecksum no).
        if said and said != _crc64.calc(self._view[:end]):
            raise BadSnapshot("its checksum is not that of its content")
        if self._at != len(self._view):
            raise BadSnapshot("there is something behind its end")

    def _byte(self) -> int:
        self._at += 1
        return self._view[self._at - 1]

    def _take(self, size: int) -> memoryview:
        self.skip(size)
        if self._at > len(self._view):
            raise BadSnapshot("it ends too early")
        return self._view[self._at - size : self._at]

    def skip(self, size: int) -> None:
        """Skip bytes."""
        self._at += size

    def _sized(self) -> tuple[int, bool]:
        """Read a length. Return it, and whether it is the number of a special encoding instead."""
        first = self._byte()
        kind, low = first >> 6, first & 0x3F
        if kind == 0:
            return low, False
        if kind == 1:
            return low << 8 | self._byte(), False
        if kind == 3:
            return low, True
        return int.from_bytes(self._take(4 if first == 0x80 else 8), "big"), False

    def length(self) -> int:
        """Read a length that must not be a special encoding."""
        size, special = self._sized()
        if special:
            raise BadSnapshot("a length is not where it should be")
        return size

    def string(self) -> None:
        """Skip a string in any encoding."""
        size, special = self._sized()
        if special and size == 3:
            packed = self.length()
            self.length()
            size = packed
        elif special:
            size = 1 << size
        self.skip(size)

    def _text(self) -> bytes:
        size, special = self._sized()
        if not special:
            return bytes(self._take(size))
        if size == 3:
            packed, plain = self.length(), self.length()
            return decompress(self._take(packed), plain)
        return str(int.from_bytes(self._take(1 << size), "little", signed=True)).encode()

    def many(self, *parts: Callable[[], object]) -> None:
        """Skip a length, and then these parts as many times as it says."""
        for _ in range(self.length()):
            if self._at > len(self._view):
                raise BadSnapshot("it ends too early")
            for part in parts:
                part()

    def score(self) -> None:
        """Skip a score in the old textual format."""
        size = self._byte()
        self.skip(size if size < 253 else 0)


_BETWEEN: dict[int, tuple[Callable[[_Reader], object], ...]] = {
    _AUX: (_Reader.string, _Reader.string),
    _RESIZE: (_Reader.length, _Reader.length),
    _IDLE: (_Reader.length,),
    _FREQ: (_Reader._byte,),
    _FUNCTION: (_Reader.string,),
}


def _ways(r: _Reader) -> dict[int, Callable[[], object]]:
    """Return a function for each type of value that skips it. The numbers are RDB_TYPE_... in rdb.h."""
    pair = (r.string, r.string)
    return {
        0: r.string,
        **dict.fromkeys((1, 2, 14), lambda: r.many(r.string)),
        3: lambda: r.many(r.string, r.score),
        4: lambda: r.many(*pair),
        5: lambda: r.many(r.string, lambda: r.skip(8)),
        # These are stored as one string: zipmap, ziplists, intset, listpacks.
        **dict.fromkeys((9, 10, 11, 12, 13, 16, 17, 20), r.string),
        18: lambda: r.many(r.length, r.string),
        **{kind: _stream(r, kind) for kind in (15, 19, 21)},
    }


def _stream(r: _Reader, kind: int) -> Callable[[], object]:
    newer, newest = kind >= 19, kind >= 21

    def pending() -> None:
        r.skip(16 + 8)
        r.length()

    def consumer() -> None:
        r.string()
        r.skip(16 if newest else 8)
        r.many(lambda: r.skip(16))

    def group() -> None:
        r.string()
        for _ in range(3 if newer else 2):
            r.length()
        r.many(pending)
        r.many(consumer)

    def stream() -> None:
        r.many(r.string, r.string)
        for _ in range(8 if newer else 3):
            r.length()
        r.many(group)

    return stream
