"""Darkroom's Celery app has one broker in each process, and tests have many."""

from collections.abc import Iterator
from contextlib import contextmanager

from kombu import pools

from tasks.app import app


@contextmanager
def broker(url: str) -> Iterator[None]:
    """Have Darkroom's Celery app in this process use the broker at `url`, and keep no connection to it."""
    before = app.conf.broker_url
    _use(url)
    try:
        yield
    finally:
        _use(before)


def _use(url: str) -> None:
    pools.reset()  # type: ignore[no-untyped-call]
    app.close()
    app.__dict__.pop("amqp", None)  # a cached property, which holds the pool of the broker of its first use
    app.conf.broker_url = url
