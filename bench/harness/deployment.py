"""All of Darkroom as recommended for production, against the stand: bot with webhooks, workers by lane."""

import base64
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from bench.harness.stage import UNLIMITED
from sandbox.environment import free_port
from sandbox.stack import Stack, procfile

_ANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Deployment:
    """How many processes work on which lanes, and with which limits.

    `image_s` and `video_s` are the provider's mean times (log-normal, `sigma`). `lifted` removes the limits
    outside of the platform (Telegram's flood limits, the provider's rate limits) and those that keep a user
    or a lane small. What is left is what the platform itself can do.
    """

    image: int = 5
    video: int = 2
    vip: int = 1
    deliver: int = 1
    slots: int = 32
    image_s: float = 12.0
    video_s: float = 60.0
    sigma: float = 0.5
    lifted: bool = False
    webhooks: bool = True

    @property
    def _lines(self) -> dict[str, str]:
        """Name -> command; several workers of one line differ in the number after their node's name."""
        lines = procfile()
        many = {"worker-image": self.image, "worker-video": self.video}
        many |= {"worker-vip": self.vip, "deliver": self.deliver}
        return {"bot": lines["bot"]} | {
            f"{name}-{number}": lines[name].replace("@%h", f"{number}@%h")
            for name, count in many.items()
            for number in range(1, count + 1)
        }

    @contextmanager
    def open(self, settings: Mapping[str, str] | None = None) -> Iterator[Stack]:
        """Start everything; `settings` override the recommended ones."""
        posted, options = webhooks() if self.webhooks else ({}, [])
        lifted = UNLIMITED | {
            "USER_RATE_LIMIT": "1000/s",
            "REFUSED_RATE_LIMIT": "",
            "VIP_USER_RATE_LIMIT": "1000/s",
            "LANE_BACKLOG": str(_ANY),
        }
        all_settings = posted | {"WORKER_SLOTS": str(self.slots)} | (lifted if self.lifted else {})
        latency = f"--fast-media --latency image={self.image_s},video={self.video_s} --sigma {self.sigma}"
        if self.lifted:
            latency += f" --creates-per-min {_ANY} --others-per-min {_ANY}"
        provider = [*latency.split(), "--seed", "1", *options]
        # CONFIG: see bench.load.filler.
        stack = Stack((), all_settings | dict(settings or {}), provider, redis_commands=("CONFIG",))
        with stack:
            if self.lifted:
                stack.telegram.limits(enabled=False)
            programs = [stack.add(name, line) for name, line in self._lines.items()]
            # A few at a time: started all at once on two cores, none would be ready in time.
            with ThreadPoolExecutor(4) as starting:
                list(starting.map(lambda program: program.start(), programs))
            yield stack


def webhooks() -> tuple[dict[str, str], Sequence[str]]:
    """Return settings with which Telegram and the provider post to a bot on a free port.

    Returns:
        The bot's settings, and the options of the provider's stand.
    """
    url = f"http://127.0.0.1:{(port := free_port())}"
    key = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    settings = {
        "BOT_MODE": "webhook",
        "WEBHOOK_URL": url,
        "WEBHOOK_SECRET": secrets.token_hex(16),
        "WEBHOOK_BIND": f"127.0.0.1:{port}",
        "PROVIDER_WEBHOOK_URL": url,
        "SIGNING_SECRET": secrets.token_hex(16),
        "REPLICATE_WEBHOOK_SECRET": key,
    }
    return settings, ["--webhook-secret", key]
