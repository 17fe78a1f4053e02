"""Switches the broker: Darkroom's Celery app has one broker per process, and tests have many."""

from collections.abc import Iterator
from contextlib import contextmanager

from kombu import pools

from tasks.app import app


@contextmanager
def broker(url: str) -> Iterator[None]:
    """Let Darkroom's Celery app in this process use the broker at `url` during the block.

    Afterwards no connection to it stays open.
    """
    before = app.conf.broker_url
    _use(url)
    try:
        yield
    finally:
        _use(before)


def _use(url: str) -> None:
    pools.reset()  # type: ignore[no-untyped-call]
    app.close()
    app.__dict__.pop("amqp", None)  # a cached property that holds the pool of the first broker
    app.conf.broker_url = url
