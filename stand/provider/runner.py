"""The life of a prediction: starting, processing, and one end."""

import asyncio
import contextlib
import random

from stand.provider.faults import Fault
from stand.provider.inputs import Inputs
from stand.provider.limits import Places
from stand.provider.models import Model
from stand.provider.outputs import Outputs
from stand.provider.predictions import Prediction
from stand.provider.rendering import Media, Order, Renderers
from stand.provider.settings import Settings
from stand.provider.webhooks import Webhooks

NSFW = "NSFW content detected. Try running it again, or try a different prompt."
PREVIEW = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
LONGEST_LIFE_S = 6 * 3600.0
LOGS_EVERY_S = 0.5


class Runner:
    """Runs predictions, each in its own task."""

    def __init__(
        self,
        settings: Settings,
        places: Places,
        renderers: Renderers,
        outputs: Outputs,
        inputs: Inputs,
        webhooks: Webhooks,
        *,
        seed: int | None = None,
        image_size: int = 768,
        video_size: int = 512,
    ) -> None:
        self._settings = settings
        self._places = places
        self._renderers = renderers
        self._outputs = outputs
        self._inputs = inputs
        self._webhooks = webhooks
        self._random = random.Random(seed)
        self._sizes = {"image": image_size, "video": video_size}
        self._tasks: set[asyncio.Task[None]] = set()

    def latency(self, model: Model) -> float:
        """Draw the seconds from creation to completion: log-normal around the mean of the model's kind."""
        mean = self._settings.video_mean_s if model.kind == "video" else self._settings.image_mean_s
        # exp(N(0, sigma)) has the mean exp(sigma^2 / 2). Without this term the mean would grow with sigma.
        return mean * self._random.lognormvariate(-(self._settings.sigma**2) / 2, self._settings.sigma)

    def new_seed(self) -> int:
        """Return a seed for a prediction without one."""
        return self._random.randrange(2**32)

    def begin(self, prediction: Prediction) -> None:
        """Start a prediction."""
        task = asyncio.create_task(self._live(prediction))
        prediction.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(
        self, prediction: Prediction, status: str, *, output: object = None, error: str | None = None
    ) -> None:
        """End a prediction with a status; a prediction that has ended stays as it is."""
        if prediction.end(status, output=output, error=error):
            if output is not None:
                self._webhooks.tell(prediction, "output")
            self._webhooks.tell(prediction, "completed")
        if prediction.task is not None and prediction.task is not asyncio.current_task():
            prediction.task.cancel()

    async def close(self) -> None:
        """Drop every prediction in progress."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _live(self, prediction: Prediction) -> None:
        limit = LONGEST_LIFE_S
        if prediction.deadline is not None:
            limit = prediction.deadline - prediction.created_at
        try:
            async with asyncio.timeout(limit), self._places.place(prediction.account):
                await self._work(prediction)
        except TimeoutError:
            self.end(prediction, "aborted" if prediction.status == "starting" else "canceled")
        except Exception as error:
            self.end(prediction, "failed", error=f"Prediction failed: {error}")

    async def _work(self, prediction: Prediction) -> None:
        fault = prediction.fault
        if not self._settings.hold:
            await _wait(prediction.released, prediction.start_delay)
        prediction.start()
        self._webhooks.tell(prediction, "start")
        refused = _refusal(prediction, fault)
        drawing = None if refused else asyncio.create_task(self._draw(prediction))
        try:
            await self._pass_time(prediction)
            if fault is not None and fault.kind == "never_finishes":
                await prediction.released.wait()
            if refused or drawing is None:
                self.end(prediction, "failed", error=refused)
                return
            output = self._output(prediction, await drawing)
        finally:
            if drawing is not None:
                drawing.cancel()
        self.end(prediction, "succeeded", output=output)

    async def _pass_time(self, prediction: Prediction) -> None:
        left = prediction.latency - prediction.start_delay
        if "logs" in prediction.events:
            while left > LOGS_EVERY_S and not prediction.released.is_set():
                await _wait(prediction.released, LOGS_EVERY_S)
                self._webhooks.tell(prediction, "logs")
                left -= LOGS_EVERY_S
        await _wait(prediction.released, left)
        if self._settings.hold:
            await prediction.released.wait()

    async def _draw(self, prediction: Prediction) -> Media:
        given = prediction.input
        video = prediction.model.kind == "video"
        order = Order(
            kind=prediction.model.kind,
            prompt=given["prompt"],
            aspect_ratio=given["aspect_ratio"],
            seed=prediction.seed,
            size=self._sizes[prediction.model.kind],
            extension="mp4" if video else given["output_format"],
            negative_prompt=given.get("negative_prompt", ""),
            seconds=given.get("duration", 3),
            image=await self._inputs.read(given["image"]) if "image" in given else None,
        )
        return await self._renderers.draw(order)

    def _output(self, prediction: Prediction, media: Media) -> object:
        fault = prediction.fault
        spoilt = fault if fault and fault.kind in ("huge_output", "wrong_type", "cut_short") else None
        url = self._outputs.publish(media, prediction=prediction.id, prompt=prediction.prompt, fault=spoilt)
        if fault and fault.kind == "wrong_output":
            return {"unexpected": True}
        if fault and fault.kind == "inside_url":
            url = fault.url
        if fault and fault.kind == "with_preview":
            return {"thumbnail": PREVIEW, "meta": {"log": f"{url}.log.txt"}, prediction.model.kind: url}
        return url if prediction.model.kind == "video" else [url]


def _refusal(prediction: Prediction, fault: Fault | None) -> str | None:
    if (fault and fault.kind == "refuse") or "nsfw" in prediction.prompt.lower():
        return NSFW
    return fault.error if fault and fault.kind == "fail" else None


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
