"""Connections to the broker that pass on sound messages only, and let a worker outlive its broker.

A message is checked (`tasks.messages`) as it comes from Redis, before kombu parses it. A message that is
refused has left the broker by then. It is counted and logged without its content, and the worker goes on as
if nothing had come. If the message was meant for a job, the sweep publishes another one.
"""

from collections.abc import Callable
from typing import Any

import redis
import structlog
from kombu import transport
from kombu.transport.redis import Channel as RedisChannel
from kombu.transport.redis import QoS as RedisQoS
from kombu.transport.redis import SentinelChannel as RedisSentinelChannel
from kombu.transport.redis import SentinelTransport as RedisSentinelTransport
from kombu.transport.redis import Transport as RedisTransport
from redis.client import PubSub

from jobs.model import Lane
from ledger import counters
from ledger.processes.metrics_buffer import MetricsBuffer
from tasks.messages import OTHER, Unsound, check_kept, check_other, check_task

log = structlog.get_logger(__name__)
_LANES = frozenset(Lane)
_TAKING = ("BRPOP", "RPOP")
_PUBLISHED = (b"message", b"pmessage", "message", "pmessage")


class Refusals:
    """Counts refused messages for the process's metrics."""

    def __init__(self) -> None:
        self._tally = MetricsBuffer()

    def count_into(self, tally: MetricsBuffer) -> None:
        """Count into this buffer from now on. Move the earlier counts there."""
        before, self._tally = self._tally, tally
        if before is not tally:
            tally.put_back(before.take())

    def refuse(self, queue: str, error: Unsound, size: int) -> None:
        """Count and log a refused message of `size` bytes."""
        self._tally.count(counters.broker_refused(queue, error.wrong))
        log.warning("broker message refused", queue=queue, reason=error.wrong, size=size)


refusals = Refusals()


def _is_sound(raw: Any, check: Callable[[bytes], None], queue: str) -> bool:
    message = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else bytes(raw)
    try:
        check(message)
    except Unsound as error:
        refusals.refuse(queue, error, len(message))
        return False
    return True


class _Client(redis.Redis):
    """A Redis client that returns only the sound messages of what it takes from queues."""

    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        """Return what an empty queue returns where the message is refused."""
        answer = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]
        if command_name not in _TAKING or not answer:
            return answer
        # RPOP returns no queue name. Only kombu's fetch of a single message uses it.
        name, raw = answer if command_name == "BRPOP" else (b"", answer)
        text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
        queue = text.partition("\x06\x16")[0]
        in_lane = queue in _LANES
        check = check_task if in_lane else check_other
        return answer if _is_sound(raw, check, queue if in_lane else OTHER) else None

    def pubsub(self, **options: Any) -> PubSub:
        """Return a subscription that passes on sound messages only."""
        return _PubSub(self.connection_pool, **options)


class _PubSub(PubSub):
    def parse_response(self, *given: Any, **options: Any) -> Any:
        """Return None, as if nothing had come, where a message is refused."""
        answer = super().parse_response(*given, **options)  # type: ignore[no-untyped-call]
        if isinstance(answer, list) and answer and answer[0] in _PUBLISHED:
            return answer if _is_sound(answer[-1], check_other, OTHER) else None
        return answer


class _QoS(RedisQoS):
    """The messages that a consumer has taken but not acknowledged yet."""

    def restore_unacked(self, client: Any = None) -> None:
        """Put these messages back at once, unless the broker has gone.

        kombu 5.7 tries to do so on a connection that was given up already. The AttributeError that follows
        ends the worker. Without the broker, the messages come back after VISIBILITY_TIMEOUT_S; the sweep does
        not wait for them.
        """
        if self.channel.connection.client is None:
            self._delivered.clear()
        else:
            super().restore_unacked(client)  # type: ignore[no-untyped-call]

    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: bool = False) -> None:
        """Put back a message that nobody acknowledged, or delete it if it is not sound."""
        with self.channel.conn_or_acquire(client) as at:
            kept = at.hget(self.unacked_key, tag)
            if kept and not _is_sound(kept, check_kept, OTHER):
                self._remove_from_indices(tag).execute()  # type: ignore[no-untyped-call]
                return
        super().restore_by_tag(tag, client, leftmost)  # type: ignore[no-untyped-call]


class _Sound:
    """A mixin for kombu's channels: their client and their QoS are the ones above."""

    QoS = _QoS

    def _get_client(self) -> Any:
        made = super()._get_client()  # type: ignore[misc]
        return _Client if made is redis.Redis else made


class Channel(_Sound, RedisChannel):
    """A channel to a Redis server."""


class SentinelChannel(_Sound, RedisSentinelChannel):
    """A channel to the master that the sentinels name."""


class Transport(RedisTransport):
    """A transport to a Redis server."""

    Channel = Channel


class SentinelTransport(RedisSentinelTransport):
    """A transport to the master that the sentinels name."""

    Channel = SentinelChannel


def install() -> None:
    """Have kombu use these transports for every scheme that a broker's URL may have."""
    # kombu turns TLS on by the scheme. It would not for a transport named in the scheme's place.
    transport.TRANSPORT_ALIASES.update(
        {
            "redis": "tasks.broker:Transport",
            "rediss": "tasks.broker:Transport",
            "sentinel": "tasks.broker:SentinelTransport",
        }
    )
