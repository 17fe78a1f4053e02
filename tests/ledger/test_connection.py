"""Redis is lost in the very moment in which something is written to it."""

import asyncio
from collections.abc import Callable

import pytest
import redis
import uvloop

from config.settings import Settings
from ledger.connection import connect_async

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_a_connection_that_closes_under_a_command_is_a_lost_one(
    loop: Callable[[], asyncio.AbstractEventLoop], settings_for: Callable[..., Settings]
) -> None:
    """Given a connection that is closed and that the client still takes for open, when a command is written,
    I expect the error that all callers know as a lost Redis, whatever the event loop calls it."""

    async def write() -> None:
        async with connect_async(settings_for().ledger_redis(), 1) as client:
            connection = await client.connection_pool.get_connection()  # type: ignore[no-untyped-call]
            connection._writer.transport.abort()
            await asyncio.sleep(0.01)
            with pytest.raises(redis.ConnectionError):
                await connection.send_command("PING")
            await client.connection_pool.release(connection)
            assert await client.ping()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(write())
