"""Progress in the chat: how far running jobs are, and the positions of waiting jobs."""

import asyncio
from dataclasses import replace

from chat import status
from chat.gateway import Gateway
from chat.texts import texts
from config.catalogue import Catalogue
from jobs.model import GENERATION_LANES, Job
from jobs.states import ENDED, State
from ledger.jobs import Ledger
from ledger.queue_position import QueuePosition, QueuePositions
from media.links import Links
from tasks.delivery import endings
from tasks.delivery.gateway_thread import Chat
from tasks.slots import Slot

_FIRST = 55
"""Number of waiting jobs in a lane, from its front, whose chats are kept up to date."""
_LOOKS = 11
_LOOK_AGAIN_S = 0.5
"""How often a delivery under way is read at most, and the pause between two reads (s). Between showing the
link in the chat and recording the delivery in the ledger lies one write."""


class Progress:
    """Edits status messages. Its edits may be lost, so results are never given this way."""

    def __init__(
        self, ledger: Ledger, waiting: QueuePositions, catalogue: Catalogue, links: Links, chat: Chat
    ) -> None:
        self._ledger = ledger
        self._waiting = waiting
        self._catalogue = catalogue
        self._links = links
        self._chat = chat

    def show(self, slot: Slot, percent: int) -> None:
        """Show the progress of a held job, and of the jobs that share its result, if it changed."""
        if not slot.job.message:
            # The bot may post the status message after a worker has claimed the job.
            found = self._ledger.get(slot.job.id)
            slot.job = replace(slot.job, message=found.message if found else 0)
        if slot.job.message and slot.shown == percent:
            return
        if percent != slot.job.progress:
            self._ledger.note(slot.job, progress=percent, polls=slot.job.polls)
            slot.job = replace(slot.job, progress=percent)
        if slot.job.message:
            slot.shown = percent
            self._edit(slot.job)
        for follower_id in self._ledger.followers(slot.job.id):
            follower = self._ledger.get(follower_id)
            if follower and follower.state is State.SHARING and follower.message:
                self._edit(replace(follower, progress=percent))

    def _edit(self, job: Job) -> None:
        self._post(job, status.progress(job, texts(job.origin.language)))

    def _post(self, job: Job, view: status.View, *, droppable: bool = True) -> None:
        """Show a view in the job's message; then, if the job has ended meanwhile, show its end again.

        Another process may show the end while this edit is under way, and the edit may arrive after it.
        """

        async def edit(gateway: Gateway) -> None:
            try:
                await gateway.show(job, view, progress=droppable)
            finally:
                now = await self._given(job.id)
                if now and now.state in ENDED:
                    end = await asyncio.to_thread(endings.text_of, now, self._catalogue, self._links)
                    if end:
                        await gateway.show(now, end)

        self._chat.post(edit)

    async def _given(self, job_id: str) -> Job | None:
        """Return the job's record. Wait for a delivery under way: its link may be in the chat before the
        ledger has recorded it. None for a delivery that takes too long."""
        for _ in range(_LOOKS):
            now = await asyncio.to_thread(self._ledger.get, job_id)
            if not now or now.state is not State.DELIVERING or not self._links.any:
                return now
            await asyncio.sleep(_LOOK_AGAIN_S)
        return None

    def round(self) -> None:
        """Show the positions that have changed, and which lanes are paused.

        Positions are rounded up to the ladder 1, 2, 3, 5, 8, ..., so that a chat is edited rarely.
        """
        for lane in GENERATION_LANES:
            paused = self._waiting.is_paused(lane)
            for position, (job_id, shown) in enumerate(self._waiting.shown(lane, _FIRST), start=1):
                if QueuePosition(position, 0.0, paused).shown != shown:
                    self._show_place(job_id, droppable=not paused and shown >= 0)

    def _show_place(self, job_id: str, *, droppable: bool) -> None:
        job = self._ledger.get(job_id)
        if job is None or not job.message:
            return
        model = self._catalogue.models.get(job.request.model)
        place = self._waiting.place(job, model.typical_s if model else 0.0)
        if place is None:
            return
        self._waiting.show(job.id, place)
        self._post(job, status.waiting(job, place, texts(job.origin.language)), droppable=droppable)
