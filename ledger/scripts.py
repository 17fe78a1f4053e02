"""The ledger's Lua scripts, loaded from `ledger/lua/`; each runs as one atomic step in Redis."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis

from jobs.errors import LedgerUnavailable
from ledger import keys
from ledger.lua_source import sources

CONFIRM_MS = 4000
"""Longest wait (ms) for the replicas to confirm a write."""


@contextmanager
def ledger_errors() -> Iterator[None]:
    """Turn the errors of the Redis client into LedgerUnavailable."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise LedgerUnavailable(f"Redis (REDIS_URL) does not answer: {error}") from error
    except redis.RedisError as error:
        raise LedgerUnavailable(str(error)) from error


def confirmed(client: "redis.Redis", replicas: int, write: Callable[[Any], Any]) -> Any:
    """Run the one command that `write` adds to a pipeline; return its result once the replicas confirm it.

    Raises:
        LedgerUnavailable: Too few replicas confirmed the write in time. The master has the write then, as it
            may after any lost reply: the caller repeats the call, or leaves the job to another process.
    """
    with ledger_errors(), client.pipeline(transaction=False) as pipe:
        write(pipe)
        if not replicas:
            return pipe.execute()[0]
        # WAIT waits for the last write of its own connection, hence the pipeline. A command that finds its
        # work done writes nothing. The write to the fence makes WAIT cover earlier writes of all connections.
        pipe.incr(keys.fence())
        pipe.execute_command("WAIT", replicas, CONFIRM_MS)  # type: ignore[no-untyped-call]
        answer, _, reached = pipe.execute()
    if reached < replicas:
        raise LedgerUnavailable(f"{reached} of {replicas} replicas have confirmed a write")
    return answer


class Scripts:
    """All scripts, bound to one client. `scripts("move", ...)` runs `ledger/lua/move.lua`.

    A server that has lost its scripts in a restart gets their text again (EVALSHA, then EVAL). A script fails
    with LedgerUnavailable unless `replicas` replicas confirm what it has written.
    """

    def __init__(self, client: "redis.Redis", replicas: int = 0) -> None:
        self._client = client
        self._replicas = replicas
        self._scripts = {name: client.register_script(text) for name, text in sources().items()}

    def __call__(self, name: str, *args: str | int | float) -> Any:
        """Run one script; raises LedgerUnavailable."""
        script = self._scripts[name]
        if not self._replicas:
            with ledger_errors():
                return script(args=args)
        return confirmed(self._client, self._replicas, lambda pipe: script(args=args, client=pipe))
