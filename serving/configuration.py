"""How uvicorn serves strangers: the same for every server of ours."""

import asyncio
from functools import partial
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from serving.protocol import GuardedProtocol, Patience
from serving.waiting import PendingConnections

MOST_HEAD_BYTES = 65_536
"""Longest head of a request: its first line and all its headers."""
GRACE_S = 1
"""At the end, answers under way may take this long."""


def configuration(
    application: ASGIApp, *, waiting: int, of_one_address: int, patience: Patience | None = None
) -> uvicorn.Config:
    """Return the configuration of a server that bears silent, slow and endless connections.

    Args:
        application: What answers the requests; how many at a time is its own business (`serving.places`).
        waiting: Connections that may wait for a request, in all; as many again may be about to go for others.
        of_one_address: Those of one address; a proxy in front is one address.
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
