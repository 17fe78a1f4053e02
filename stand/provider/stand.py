"""The stand's parts, put together once per process."""

import asyncio
import collections
import dataclasses
import tempfile
from pathlib import Path

from stand.provider.faults import Faults
from stand.provider.http.files import Files
from stand.provider.inputs import Inputs
from stand.provider.limits import CallLimits, Places
from stand.provider.outputs import Outputs
from stand.provider.predictions import Predictions
from stand.provider.rendering import Renderers
from stand.provider.runner import Runner
from stand.provider.settings import Settings
from stand.provider.submissions import Submissions
from stand.provider.webhooks import Webhooks, new_secret


@dataclasses.dataclass(frozen=True)
class Options:
    """What is fixed at the start.

    Sizes are the sides of a square image in pixels; other images have the same area.
    """

    base_url: str
    seed: int | None = None
    webhook_secret: str | None = None
    fast_media: bool = False
    image_size: int = 768
    video_size: int = 512
    renderers: int = 1


class Stand:
    """Owns every part of the stand; it is closed by the application that serves it."""

    def __init__(self, options: Options, settings: Settings) -> None:
        self.base_url = options.base_url
        self.settings = settings
        self.faults = Faults()
        self.calls: collections.Counter[tuple[str, int]] = collections.Counter()
        self.limits = CallLimits(settings)
        self.places = Places(settings)
        self.predictions = Predictions()
        self.submissions = Submissions()
        self._folder = tempfile.TemporaryDirectory(prefix="darkroom-provider-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self.renderers = Renderers(folder, processes=options.renderers, fast=options.fast_media)
        self.outputs = Outputs(options.base_url, settings, self.faults)
        self.files = Files(folder, options.base_url)
        secret = options.webhook_secret or new_secret()
        self.webhooks = Webhooks(options.base_url, secret, settings, self.faults)
        self.runner = Runner(
            settings,
            self.places,
            self.renderers,
            self.outputs,
            Inputs(self.files, self.outputs),
            self.webhooks,
            seed=options.seed,
            image_size=options.image_size,
            video_size=options.video_size,
        )

    def release_all(self) -> None:
        """Let the held predictions complete now, except those with the fault `never_finishes`."""
        for prediction in self.predictions:
            stuck = prediction.fault is not None and prediction.fault.kind == "never_finishes"
            if prediction.status == "processing" and not stuck:
                prediction.released.set()

    async def close(self) -> None:
        """Stop all work and remove the files."""
        await self.runner.close()
        await self.webhooks.close()
        self.renderers.close()
        await asyncio.to_thread(self._folder.cleanup)
