"""The one way in which Darkroom's processes connect to Redis: a server's URL, or sentinels and their master.

A client of a master asks the sentinels at every new connection, so that it follows a failover by itself.
During the failover its calls fail as they do while a Redis is unavailable.
"""

import errno
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.asyncio.sentinel import SentinelConnectionPool as AsyncSentinelConnectionPool
from redis.backoff import ConstantBackoff, ExponentialBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from config.redis_urls import RedisPlace, place_of

_CONNECTIONS = 512
_SENTINEL_S = 1.0


def connect(place: RedisPlace | str, timeout_s: float = 5, connections: int = _CONNECTIONS) -> "redis.Redis":
    """Return a client for the ledger, which the caller closes.

    It reads and writes text, bounds every wait by `timeout_s` seconds, and retries once and quickly. A call
    that finds all `connections` in use fails as if Redis were unavailable.

    Args:
        place: The Redis; a plain `redis://` URL will do.
    """
    place = place_of(place) if isinstance(place, str) else place
    options: dict[str, Any] = {
        "decode_responses": True,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "retry": Retry(ExponentialBackoff(cap=0.2, base=0.05), 1),
        "max_connections": connections,
    }
    if not place.sentinels:
        return redis.Redis.from_url(place.url, **options)
    sentinel = Sentinel(place.sentinels, sentinel_kwargs=sentinel_options(place))  # type: ignore[no-untyped-call]
    client: redis.Redis = sentinel.master_for(  # type: ignore[no-untyped-call]
        place.master, redis.Redis, connection_pool_class=_MasterPool, **options, **_login(place)
    )
    return client


def connect_async(place: RedisPlace, timeout_s: float) -> "redis.asyncio.Redis":
    """Return such a client for asyncio, with waits of at most `timeout_s` seconds. The caller closes it."""
    options: dict[str, Any] = {
        "decode_responses": True,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": AsyncRetry(ConstantBackoff(0.05), 1),
        "max_connections": _CONNECTIONS,
    }
    if not place.sentinels:
        return _raising_connection_errors(redis.asyncio.Redis.from_url(place.url, **options))
    sentinel = AsyncSentinel(place.sentinels, sentinel_kwargs=sentinel_options(place))  # type: ignore[no-untyped-call]
    for each in sentinel.sentinels:
        _raising_connection_errors(each)
    return _raising_connection_errors(
        sentinel.master_for(
            place.master,
            redis.asyncio.Redis,
            connection_pool_class=_AsyncMasterPool,
            **options,
            **_login(place),
        )
    )


def sentinel_options(place: RedisPlace) -> dict[str, Any]:
    """Return the options for the connections to the sentinels themselves; also kombu's `sentinel_kwargs`."""
    options: dict[str, Any] = {"socket_timeout": _SENTINEL_S, "socket_connect_timeout": _SENTINEL_S}
    return options | ({"password": place.sentinel_password} if place.sentinel_password else {})


def _raising_connection_errors(client: "redis.asyncio.Redis") -> "redis.asyncio.Redis":
    """Make a client raise redis.ConnectionError for every lost connection, so that callers recognise it.

    redis-py converts only OSError. A command that is written after the transport has begun to close ends in
    RuntimeError on uvloop, and in TypeError or AttributeError on the event loop of Python 3.12 and newer.
    """
    kind: Any = client.connection_pool.connection_class

    class Connection(kind):  # type: ignore[misc]
        async def _send_packed_command(self, command: Any) -> None:
            # Nothing is awaited between this look and the write.
            if self._writer.transport.is_closing():
                raise ConnectionResetError(errno.ECONNRESET, "the connection is closed")
            await super()._send_packed_command(command)

    client.connection_pool.connection_class = Connection
    return client


def _login(place: RedisPlace) -> dict[str, Any]:
    return {"db": place.db, "username": place.username, "password": place.password}


class _MasterPool(SentinelConnectionPool):
    """A pool that closes the connections to the sentinels with those to the master: no other code can."""

    def disconnect(self, inuse_connections: bool = True) -> None:
        super().disconnect(inuse_connections)
        if inuse_connections:
            self.sentinel_manager.close()


class _AsyncMasterPool(AsyncSentinelConnectionPool):
    async def disconnect(self, inuse_connections: bool = True) -> None:
        await super().disconnect(inuse_connections)
        if inuse_connections:
            for sentinel in self.sentinel_manager.sentinels:
                await sentinel.aclose()
