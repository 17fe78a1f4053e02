"""The one way in which Darkroom's processes reach Redis."""

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry


def connect(url: str, timeout_s: float = 5) -> "redis.Redis":
    """A client for the ledger: text in and out, every wait bounded, one quick retry.

    The caller closes it.
    """
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=timeout_s,
        socket_connect_timeout=2,
        socket_keepalive=True,
        health_check_interval=10,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), 1),
        max_connections=512,
    )
