"""Readiness of all that Darkroom depends on: Telegram, the provider, Redis, the bot, the workers."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import redis

from config.redis_urls import RedisPlace
from config.settings import Settings, SettingsError
from jobs.errors import LedgerUnavailable
from jobs.model import Lane
from ledger.connection import connect
from ledger.processes.workers import Workers

_TIMEOUT_S = 5.0
_REFUSED = (401, 403, 404)
"""Status codes with which Telegram and the providers refuse an unknown token."""


class OutOfReach(Exception):
    """A dependency is not reachable for now; the message says why, without an address that holds a token."""


@dataclass(slots=True)
class Reach:
    """Checks each dependency in turn; one that was reached is not checked again.

    `bot` is the bot's user name, once Telegram was reached. `missing` is the name of each unreached
    dependency -> why.
    """

    settings: Settings
    redis: RedisPlace
    bot: str = ""
    missing: dict[str, str] = field(default_factory=dict)
    _left: list[tuple[str, Callable[[], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = [
            ("Redis", self._redis),
            ("Telegram", self._telegram),
            ("the provider", self._provider),
            ("the bot and the workers", self._processes),
        ]

    def look(self) -> bool:
        """Check the dependencies that are left and return whether all were reached; fill `missing`.

        Raises:
            SettingsError: A token is refused.
        """
        self.missing = {}
        for name, ask in tuple(self._left):
            try:
                ask()
                self._left.remove((name, ask))
            except OutOfReach as error:
                self.missing[name] = str(error)
        return not self._left

    def tokens(self) -> None:
        """Check the tokens at Telegram and the provider once; an unreachable service counts as fine.

        Raises:
            SettingsError: A token is refused.
        """
        for name, ask in tuple(self._left):
            if ask in (self._telegram, self._provider):
                try:
                    ask()
                    self._left.remove((name, ask))
                except OutOfReach:
                    continue

    def _telegram(self) -> None:
        told = _get(f"{self.settings.telegram_api_url}/bot{self.settings.telegram_token}/getMe")
        if told.status_code in _REFUSED:
            raise SettingsError("TELEGRAM_TOKEN is refused by Telegram; copy it again from @BotFather.")
        if not told.is_success:
            raise OutOfReach(f"it answers {told.status_code}")
        self.bot = str(told.json()["result"]["username"])

    def _provider(self) -> None:
        headers = {"Authorization": f"Bearer {self.settings.replicate_api_token}"}
        told = _get(f"{self.settings.replicate_api_url}/account", headers)
        if told.status_code in _REFUSED:
            raise SettingsError("REPLICATE_API_TOKEN is refused by Replicate; copy it again from there.")
        if not told.is_success:
            raise OutOfReach(f"it answers {told.status_code}")

    def _redis(self) -> None:
        with _client(self.redis) as client:
            try:
                client.ping()
            except redis.RedisError as error:
                raise OutOfReach(f"it does not answer ({error}); see REDIS_URL") from error

    def _processes(self) -> None:
        with _client(self.redis) as client:
            try:
                workers = Workers(client)
                away = [f"no worker for {lane}" for lane in Lane if not workers.slots(lane)]
                away += [] if "bot" in workers.processes() else ["no bot"]
            except LedgerUnavailable as error:
                raise OutOfReach(str(error)) from error
        if away:
            raise OutOfReach(", ".join(away))


def _client(place: RedisPlace) -> "redis.Redis":
    return connect(place, timeout_s=2)


def _get(url: str, headers: dict[str, str] | None = None) -> httpx.Response:
    try:
        return httpx.get(url, headers=headers, timeout=_TIMEOUT_S)
    except httpx.TimeoutException as error:
        raise OutOfReach("no answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OutOfReach(f"no connection ({type(error).__name__})") from error
