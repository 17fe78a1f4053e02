"""pytest-celery's nodes over the containers of the Compose services."""

from typing import Any

import celery
import redis
from docker.models.containers import Container
from pytest_celery import CeleryTestContainer


class BrokerNode(CeleryTestContainer):  # type: ignore[misc]
    """Redis, which this machine reaches at `url`."""

    def __init__(self, container: Container, url: str) -> None:
        super().__init__(container)
        self._url = url

    @property
    def client(self) -> "redis.Redis":
        """A new connection; the caller closes it."""
        return redis.Redis.from_url(self._url, decode_responses=True)

    @property
    def celeryconfig(self) -> dict[str, str]:
        """What the app needs to know about the broker."""
        return {"url": self._url, "host_url": self._url}


class WorkerNode(CeleryTestContainer):  # type: ignore[misc]
    """A container that runs `celery -A tasks worker -Q LANE`."""

    def __init__(self, container: Container, name: str, lane: str) -> None:
        super().__init__(container)
        self._node_name = name
        self._lane = lane

    @property
    def ready_prompt(self) -> Any:
        """What its log says when it takes jobs."""
        return "ready."

    @staticmethod
    def version() -> str:
        """Celery's; the image has what requirements.txt pins."""
        return str(celery.__version__)

    @staticmethod
    def log_level() -> str:
        """Of its log."""
        return "INFO"

    def worker_name(self) -> str:
        """Its node name in front of the @."""
        return self._node_name

    def worker_queue(self) -> str:
        """The lane that it serves first."""
        return self._lane
