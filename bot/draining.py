"""Draining of asyncio tasks when a part of the bot stops."""

import asyncio
from collections.abc import Collection


async def drain(tasks: Collection["asyncio.Task[None]"], within_s: float) -> int:
    """Wait until the tasks end, and cancel those that take longer than `within_s` seconds.

    Returns:
        The number of cancelled tasks.
    """
    if not tasks:
        return 0
    _, late = await asyncio.wait(tasks, timeout=within_s)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    return len(late)
