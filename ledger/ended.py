"""The stream of ended jobs: the ledger adds each job when its chat was told of its end."""

from collections.abc import Iterator
from typing import Any

import redis

from ledger import keys
from ledger.scripts import ledger_errors

_AT_ONCE = 100


class Ended:
    """A reader of the stream; it begins with the jobs that end after it was created.

    All methods raise LedgerUnavailable when Redis does not answer.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client
        with ledger_errors():
            latest: Any = client.xrevrange(keys.ended(), count=1)
        self._seen = latest[0][0] if latest else "0-0"

    def wait(self, seconds: float) -> Iterator[str]:
        """Yield the ids of jobs that have ended since the last call; wait up to `seconds` for the first."""
        with ledger_errors():
            streams: Any = self._redis.xread(
                {keys.ended(): self._seen}, count=_AT_ONCE, block=max(1, round(seconds * 1000))
            )
        for _, entries in streams or ():
            for self._seen, entry in entries:
                yield entry["job"]
