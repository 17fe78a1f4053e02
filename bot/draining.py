"""The end of asyncio tasks that a part of the bot has started."""

import asyncio
from collections.abc import Collection


async def drain(tasks: Collection["asyncio.Task[None]"], within_s: float) -> int:
    """Let tasks end; those that take longer are cancelled. Answers how many these were."""
    if not tasks:
        return 0
    _, late = await asyncio.wait(tasks, timeout=within_s)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    return len(late)
