"""Downloading a provider's outputs: streamed from the host that has them, or decoded from a data: URL."""

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
"""Delay before the next attempt at a host that is too slow. The job leaves its slot to others meanwhile."""


class OutputMissing(PassingError):
    """The host has no such file: the file has not reached all of its servers yet, or is gone."""


class Downloader:
    """An HTTP client for outputs. It sends no credentials: outputs live on other hosts than the API."""

    def __init__(
        self,
        timeout_s: float,
        longest_s: float = 600.0,
        largest: int = 200_000_000,
        transport: Any = None,
    ) -> None:
        """Make the client. The arguments are those of `outside.files.Files`."""
        self._largest = largest
        self._files = Files(timeout_s, longest_s, largest, transport)

    @contextmanager
    def stream(self, url: str, *, private: bool) -> Iterator[Iterator[bytes]]:
        """Open the file at an https or data: URL, as an iterator of chunks that can be read in the block.

        The chunks raise too: PassingError for a body that ends early, OutputMissing for an empty body.

        Args:
            url: The output's address.
            private: Also allow http and addresses in private networks.

        Raises:
            JobFailed: The output can never be used.
            OutputMissing: The host answers that it has no such file.
            PassingError: Any other failure that a retry may overcome.
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
    """Turn errors of `outside` into JobFailed, PassingError, or the reason for which the caller stopped."""
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
    """Return the bytes in a data: URL. Its length is checked before anything is decoded."""
    header, separator, payload = url.partition(",")
    encoded = re.search(r";\s*base64\s*$", header[-100:], re.IGNORECASE) is not None
    quoted = "%" in payload
    # The bound allows for quoting, line breaks and base64. The store counts the exact size later.
    if len(payload) > largest * ((4 if quoted else 1.4) if encoded else (3 if quoted else 1)):
        raise JobFailed(Failure.TOO_LARGE, f"output is a data: URL of {len(url)} characters")
    try:
        if not separator:
            raise ValueError("no comma")
        raw = unquote_to_bytes(payload) if quoted else payload.encode()
        if not encoded:
            return raw
        # Encoders written for mail insert line breaks.
        return base64.b64decode(raw.translate(None, _WHITE), validate=True)
    except (ValueError, binascii.Error) as error:
        raise JobFailed(Failure.BAD_OUTPUT, f"malformed data: URL ({error})") from bare(error)
