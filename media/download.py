"""Fetching what a provider made: streamed, from its host or out of a data: URL."""

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_to_bytes

from jobs.errors import JobFailed, PassingError
from jobs.failures import Failure
from outside.client import advised_s
from outside.errors import Broken, Left, NotSent, OutOfTime, Refused, TooLarge, bare
from outside.files import File, Files, NotAllowed

_WHITE = b"\t\n\f\r "
_SLOW_S = 15.0
"""A host that is too slow is asked again after so long, and not in the slot: others need it meanwhile."""


class OutputMissing(PassingError):
    """The host has no such file: it may have answered before the file is everywhere, or the file is gone."""


class Downloader:
    """One HTTP client for outputs. It carries no credentials: outputs live on other hosts than the API."""

    def __init__(
        self,
        timeout_s: float,
        longest_s: float = 600.0,
        largest: int = 200_000_000,
        transport: Any = None,
    ) -> None:
        """See `outside.files.Files`."""
        self._largest = largest
        self._files = Files(timeout_s, longest_s, largest, transport)

    @contextmanager
    def stream(self, url: str, *, private: bool) -> Iterator[Iterator[bytes]]:
        """Chunks of the file at an https (or, with `private`, http) or data: URL.

        `private`: addresses of private networks are allowed. Raises JobFailed for what will never work and
        PassingError for what may: OutputMissing where the host answers and has no file. A body that ends
        early raises PassingError from the chunks, an empty one OutputMissing.
        """
        if url.startswith("data:"):
            yield iter([_inline(url, self._largest)])
            return
        with _told(), self._files.fetched(url, private=private) as file:
            _check(file)
            yield _chunks(file)

    def close(self) -> None:
        """Close the connections."""
        self._files.close()


def _check(file: File) -> None:
    if file.status == 200:
        return
    answer = f"output host: HTTP {file.status}"
    if file.status == 429 or file.status >= 500:
        raise PassingError(answer, advised_s(file.headers))
    raise OutputMissing(answer)


def _chunks(file: File) -> Iterator[bytes]:
    empty = True
    with _told("output cut short"):
        for piece in file.pieces:
            empty = empty and not piece
            yield piece
    if empty:
        raise OutputMissing("output host: an empty file")


@contextmanager
def _told(what: str = "output host") -> Iterator[None]:
    """Say what became of the job for what went wrong outside."""
    try:
        yield
    except NotAllowed as error:
        raise JobFailed(Failure.BAD_OUTPUT, f"output {error}") from bare(error)
    except TooLarge as error:
        raise JobFailed(Failure.TOO_LARGE, f"output is {error}") from bare(error)
    except Refused as error:
        raise JobFailed(Failure.BAD_OUTPUT, f"output is {error}") from bare(error)
    except Left as left:
        raise left.reason from bare(left)
    except OutOfTime as error:
        raise PassingError(f"output {error}", _SLOW_S) from bare(error)
    except (NotSent, Broken) as error:
        raise PassingError(f"{what}: {error}") from bare(error)


def _inline(url: str, largest: int) -> bytes:
    """The bytes in a data: URL, which are measured before they are decoded."""
    header, separator, payload = url.partition(",")
    encoded = re.search(r";\s*base64\s*$", header[-100:], re.IGNORECASE) is not None
    quoted = "%" in payload
    # With all that quoting, broken lines and base64 may add; what passes is counted as it is stored.
    if len(payload) > largest * ((4 if quoted else 1.4) if encoded else (3 if quoted else 1)):
        raise JobFailed(Failure.TOO_LARGE, f"output is a data: URL of {len(url)} characters")
    try:
        if not separator:
            raise ValueError("no comma")
        raw = unquote_to_bytes(payload) if quoted else payload.encode()
        if not encoded:
            return raw
        # Encoders that were written for mail break the lines.
        return base64.b64decode(raw.translate(None, _WHITE), validate=True)
    except (ValueError, binascii.Error) as error:
        raise JobFailed(Failure.BAD_OUTPUT, f"malformed data: URL ({error})") from bare(error)
