"""The uvicorn configuration of all our HTTP servers, which strangers can reach."""

import asyncio
from functools import partial
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from serving.protocol import GuardedProtocol, Patience
from serving.waiting import PendingConnections

MOST_HEAD_BYTES = 65_536
"""Longest head of a request in bytes: its first line and all its headers."""
GRACE_S = 1
"""Time (s) that responses in progress have when the server stops."""


def configuration(
    application: ASGIApp, *, waiting: int, of_one_address: int, patience: Patience | None = None
) -> uvicorn.Config:
    """Return the configuration of a server that withstands silent, slow and endless connections.

    Args:
        application: The application; it limits the number of concurrent requests itself (`serving.places`).
        waiting: Most connections that have not sent a whole request. As many again may be in the short time
            that they have left before they are closed to make room.
        of_one_address: Most such connections from one address; a proxy in front is one address.
        patience: How long each connection may take.
    """
    protocol = partial(
        GuardedProtocol,
        waiting=PendingConnections(waiting, of_one_address),
        hurried=PendingConnections(waiting, waiting),
        patience=patience or Patience(),
    )
    return uvicorn.Config(
        application,
        http=cast("type[asyncio.Protocol]", protocol),
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
