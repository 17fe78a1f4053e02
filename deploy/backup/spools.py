"""The spools of a restored ledger: what they keep may have been dealt with since the backup."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import structlog

from bot.inbound import lost
from config.redis_urls import RedisPlace
from config.settings import Settings
from ledger.connection import connect_async
from ledger.pipeline import SharedPipeline
from ledger.queues import reply_queue
from ledger.queues.durable_queue import ANSWERS, DurableQueue, Enqueued
from ledger.queues.reply_queue import Reply
from ledger.queues.update_queue import updates

log = structlog.get_logger(__name__)
_TIMEOUT_S = 60.0
_AT_A_TIME = 500
_SAID_WITHIN_S = 3600.0
"""The bot may be started so long after the restore, and people are still told."""


def give_up(place: RedisPlace, settings: Settings, is_known: Callable[[Reply], bool]) -> tuple[int, int]:
    """Empty the spools; what they kept stays remembered as dealt with. Answers how many updates that were,
    and to how many of them the bot will answer to send it again.

    `is_known`: whether the job that an answer is about is in the ledger, and says itself what becomes of it.
    Raises LedgerUnavailable.
    """
    return asyncio.run(_give_up(place, settings, is_known))


async def _give_up(
    place: RedisPlace, settings: Settings, is_known: Callable[[Reply], bool]
) -> tuple[int, int]:
    bounds = reply_queue.bounds(settings)
    # Half of the room: the other half is for those who write as soon as the bot is back.
    bounds = replace(bounds, lapses_s=_SAID_WITHIN_S, most=bounds.most // 2)
    async with connect_async(place, _TIMEOUT_S) as client:
        pipeline = SharedPipeline(client)
        try:
            given_up = await _emptied(updates(pipeline))
            await _emptied(reply_queue.replies(pipeline, settings))
            told = 0
            speaking = DurableQueue(pipeline, ANSWERS, bounds)
            for body in given_up:
                answer = lost.answer_to(body)
                if answer is not None and not is_known(answer):
                    told += await speaking.keep(answer.item(), take=False) is Enqueued.WAITS
            return len(given_up), told
        finally:
            await pipeline.close()


async def _emptied(spool: DurableQueue) -> list[str]:
    bodies: list[str] = []
    while (found := await spool.give_up(_AT_A_TIME)) is not None:
        bodies += found
    return bodies
