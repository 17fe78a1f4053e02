"""A replica of a stack's Redis, for runs in which a write counts only once a second server has it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ledger.connection import connect
from sandbox.embedded import replica_of
from sandbox.environment import free_port
from sandbox.stack import Stack

SETTINGS = {"REDIS_WAIT_REPLICAS": "1"}
_ONLINE_S = 30.0


@contextmanager
def followed(stack: Stack) -> Iterator[None]:
    """Run a replica of the stack's Redis, in sync when the block begins.

    The replica reconnects to its master by itself after every restart.

    Raises:
        TimeoutError: The replica was not in sync within 30 s.
    """
    with replica_of(stack.settings.redis_url, free_port(), stack.folder / "replica"):
        deadline = time.monotonic() + _ONLINE_S
        while not _is_followed(stack):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the replica was not up to date within {_ONLINE_S:g} s")
            time.sleep(0.05)
        yield


def _is_followed(stack: Stack) -> bool:
    with connect(stack.settings.redis_url) as client:
        state: Any = client.info("replication")
    return bool(state.get("slave0", {}).get("state") == "online")
