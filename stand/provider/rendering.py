"""Rendering outside of the HTTP process: a small pool of processes, and a bounded cache of their files."""

import asyncio
import collections
import dataclasses
import hashlib
import json
import multiprocessing
import os
import threading
import weakref
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from stand.provider.models import Kind

FAST_VARIANTS = 4


@dataclasses.dataclass(frozen=True)
class Order:
    """A file to draw; equal orders give equal files."""

    kind: Kind
    prompt: str
    aspect_ratio: str
    seed: int
    size: int
    extension: str
    negative_prompt: str = ""
    seconds: int = 3
    image: bytes | None = None

    def digest(self) -> str:
        """Return the name of the cached file."""
        facts = [v for f in dataclasses.fields(self) if f.name != "image" for v in [getattr(self, f.name)]]
        picture = hashlib.sha256(self.image).hexdigest() if self.image is not None else None
        return hashlib.sha256(json.dumps([*facts, picture]).encode()).hexdigest()


@dataclasses.dataclass(eq=False)
class Media:
    """A finished file; it is deleted when it is no longer referenced."""

    path: Path
    mime: str

    def __post_init__(self) -> None:
        weakref.finalize(self, self.path.unlink, missing_ok=True)


def _follow(parent: Any) -> None:
    parent.join()
    os._exit(0)


def _settle_in() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A worker holds both ends of its queue and would otherwise outlive a killed server.
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    os.nice(5)


def _draw(order: Order, path: str) -> str:
    from stand import renderer  # noqa: PLC0415  numpy, Pillow and PyAV are loaded where they are used

    if order.kind == "video":
        return renderer.render_video(
            order.prompt,
            path=path,
            aspect_ratio=order.aspect_ratio,
            seed=order.seed,
            seconds=order.seconds,
            image=order.image,
            size=order.size,
        ).mime
    picture = renderer.render_image(
        order.prompt,
        aspect_ratio=order.aspect_ratio,
        seed=order.seed,
        negative_prompt=order.negative_prompt,
        size=order.size,
        format=renderer.image_format(order.extension),
    )
    Path(path).write_bytes(picture.data)
    return picture.mime


class Renderers:
    """Draws orders in `processes` processes; the last `bound` files are kept.

    With `fast`, every order gets one of a few small files, so that drawing costs a load run nothing.
    """

    def __init__(self, folder: Path, *, processes: int = 1, bound: int = 256, fast: bool = False) -> None:
        self._folder = folder
        self._processes = processes
        self._bound = bound
        self._fast = fast
        self._pool: ProcessPoolExecutor | None = None
        self._cache: collections.OrderedDict[str, asyncio.Future[Media]] = collections.OrderedDict()

    async def draw(self, order: Order) -> Media:
        """Return the file of an order; it is drawn once, however often it is asked for.

        Raises:
            ValueError: The order cannot be drawn, for example because its image is none.
        """
        if self._fast:
            order = _cheap(order)
        digest = order.digest()
        drawing = self._cache.get(digest)
        if drawing is None:
            drawing = asyncio.ensure_future(self._drawn(order, self._folder / f"{digest}.{order.extension}"))
            self._cache[digest] = drawing
            while len(self._cache) > self._bound:
                self._cache.popitem(last=False)
        self._cache.move_to_end(digest)
        try:
            return await asyncio.shield(drawing)
        except Exception:
            self._cache.pop(digest, None)
            raise

    async def _drawn(self, order: Order, path: Path) -> Media:
        for attempt in (1, 2):
            try:
                loop = asyncio.get_running_loop()
                mime = await loop.run_in_executor(self._workers(), _draw, order, str(path))
                return Media(path, mime)
            except BrokenProcessPool:
                self._pool = None
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def _workers(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._processes, mp_context=context, initializer=_settle_in)
        return self._pool

    def close(self) -> None:
        """Stop the processes; what they are drawing is dropped."""
        if self._pool is not None:
            workers: dict[int, Any] = dict(self._pool._processes)
            self._pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers.values():
                worker.terminate()
            for worker in workers.values():
                worker.join(1)


def _cheap(order: Order) -> Order:
    variant = int(order.digest(), 16) % FAST_VARIANTS
    return dataclasses.replace(
        order,
        prompt=f"sketch {variant}",
        negative_prompt="",
        seed=variant,
        size=128,
        seconds=2,
        image=None,
    )
