"""The Compose services against the two stands, which run on this machine beside the engine."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import docker
from docker.models.containers import Container

from config.settings import ROOT, Settings, load
from ledger.connection import connect
from ledger.jobs import Ledger
from ledger.users import Users
from sandbox.environment import BOT_ID, free_port
from sandbox.processes import Program
from stand.provider.client import ProviderStand
from stand.telegram.client import TelegramStand

from . import engine

PROJECT = "darkroom-test"
TOKEN = f"{BOT_ID}:a-token-of-the-containers-in-these-tests"
_FILES = ("docker-compose.yml", "tests/containers/compose.stand.yml")
_VOLUMES = ("media", "redis", "flower", "backup", "monitoring", "prometheus", "alertmanager")


class Fleet:
    """A context manager: the stands, then `docker compose up`; all of it is gone at the end.

    `settings` are the product's, as in `.env`; `provider` adds arguments to the provider stand.
    """

    def __init__(self, settings: Mapping[str, str], provider: Sequence[str]) -> None:
        self._overrides = dict(settings)
        self._provider_options = list(provider)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _start(self) -> None:
        self.folder = Path(self._open.enter_context(TemporaryDirectory(prefix="darkroom-", dir="/var/tmp")))
        self.folder.chmod(0o755)
        for name in _VOLUMES:
            (self.folder / name).mkdir(mode=0o777)
            (self.folder / name).chmod(0o777)
        self._open.callback(self._empty)
        self.https, self.http, redis_port = free_port(), free_port(), free_port()
        self._environment = {
            "COMPOSE_DISABLE_ENV_FILE": "1",
            "COMPOSE_FILE": ":".join(_FILES),
            "COMPOSE_PROJECT_NAME": PROJECT,
            "DARKROOM_TAG": "test",
            "HEALTH_INTERVAL": "3s",
            # A machine that builds and tests beside this may hold anybody up for a while.
            "HEALTH_RETRIES": "20",
            "SECRETS_DIR": str(self.folder / "secrets"),
            "STAND_FOLDER": str(self.folder),
            "STAND_HTTPS_PORT": str(self.https),
            "STAND_HTTP_PORT": str(self.http),
            "STAND_REDIS_PORT": str(redis_port),
            "WEBHOOK_URL": f"https://127.0.0.1:{self.https}",
        }
        tokens = {"TELEGRAM_TOKEN": TOKEN, "REPLICATE_API_TOKEN": "r8_token_of_the_fleet"}
        engine.run("deploy/secrets.sh", environment=self._environment | tokens)
        telegram = self._stand("telegram", "--port", "0")
        provider = self._stand(
            "provider", "--webhook-secret", self.secret("replicate_webhook_secret"), *self._provider_options
        )
        self.telegram = self._open.enter_context(TelegramStand(telegram.url))
        self.provider = self._open.enter_context(ProviderStand(provider.url))
        variables = {
            "TELEGRAM_API_URL": telegram.url,
            "REPLICATE_API_URL": f"{provider.url}/v1",
            "MODELS_FILE": "/stand/models.toml",
            # The provider's stand believes no certificate that it cannot verify.
            "PROVIDER_WEBHOOK_URL": f"http://127.0.0.1:{self.http}",
            **self._overrides,
        }
        lines = "".join(f"{name}={value}\n" for name, value in variables.items())
        (self.folder / "settings.env").write_text(lines, encoding="utf-8")
        seen_from_here = {
            "TELEGRAM_TOKEN": TOKEN,
            "REDIS_URL": f"redis://:{self.secret('redis_password')}@127.0.0.1:{redis_port}/0",
            "MEDIA_URL": str(self.folder / "media"),
            "MODELS_FILE": str(ROOT / "sandbox" / "models.toml"),
        }
        self.settings: Settings = load(self._overrides | seen_from_here, Path("/nonexistent"))
        self._client = self._open.enter_context(contextlib.closing(docker.from_env()))
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "1")
        self._open.callback(self.compose, "down", "--volumes", "--remove-orphans", "--timeout", "5")
        self.compose("build", "bot")
        self._up("up", "--detach", "--wait", "--wait-timeout", "240")
        self.redis = connect(self.settings.redis_url)
        self._open.callback(self.redis.close)
        self.ledger = Ledger(self.redis, self.settings)
        self.users = Users(self.redis, self.ledger)

    def _up(self, *words: str) -> None:
        try:
            self.compose(*words)
        except engine.EngineError as error:
            said = self.compose("logs", "--no-color", "--tail", "15")
            raise engine.EngineError(f"{error}\n{self.compose('ps', '--all')}\n{said}") from error

    def _stand(self, name: str, *options: str) -> Program:
        argv = [sys.executable, "-m", f"stand.{name}", "--host", engine.gateway(), *options]
        return self._open.enter_context(Program(argv, ready=r"on (?P<url>http\S+)", cwd=ROOT))

    def _empty(self) -> None:
        """What the containers wrote belongs to users that this one may not touch."""
        inside = " ".join(f"/stand/{name}/*" for name in _VOLUMES)
        engine.run(
            *("docker", "run", "--rm", "--user", "0", "--volume", f"{self.folder}:/stand", "darkroom:test"),
            *("sh", "-c", f"rm -rf {inside}"),
        )

    @property
    def bot_id(self) -> int:
        """The bot's own user id, the part of its token in front of the colon."""
        return BOT_ID

    def secret(self, name: str) -> str:
        """One of the secrets of this run."""
        return (self.folder / "secrets" / name).read_text(encoding="utf-8").strip()

    def compose(self, *words: str) -> str:
        """`docker compose ...`; its output."""
        return self.run("docker", "compose", *words)

    def run(self, *command: str) -> str:
        """A command for which a plain `docker compose` means this fleet, without the developer's `.env`."""
        return engine.run(*command, environment=self._environment)

    def scale(self, **services: int) -> None:
        """`worker_image=3`: so many containers of a service, all of them healthy."""
        wanted = {name.replace("_", "-"): count for name, count in services.items()}
        options = [word for name, count in wanted.items() for word in ("--scale", f"{name}={count}")]
        waiting = ("--wait", "--wait-timeout", "120")
        self._up("up", "--detach", "--no-deps", "--no-recreate", *waiting, *options, *wanted)

    def containers(self, service: str) -> list[Container]:
        """The running containers of a service."""
        labels = [f"com.docker.compose.project={PROJECT}", f"com.docker.compose.service={service}"]
        found: list[Container] = self._client.containers.list(filters={"label": labels})
        return found

    def holder(self, owner: str) -> Container:
        """The container of a worker process, by the owner's name in the ledger."""
        found: Container = self._client.containers.get(owner.partition(":")[0])
        return found
