"""Commands of many asyncio tasks in few round trips: what is asked during one goes into the next."""

import asyncio
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import NoScriptError

from jobs.errors import LedgerUnavailable
from ledger import keys
from ledger.lua_source import sources
from ledger.scripts import CONFIRM_MS

_MOST = 200
"""Commands of one round trip; more wait for the next."""
Command = tuple[str | int | float, ...]
Asked = tuple[Command, "asyncio.Future[Any]"]


class SharedPipeline:
    """One for each client, in one event loop. All methods raise LedgerUnavailable.

    A caller's wait is that of two round trips at most, plus their length. With `replicas` an answer counts
    once so many have what was written, as in `ledger.scripts`. Connections are the client's, whose owner
    closes them after `close`.
    """

    def __init__(self, client: "redis.asyncio.Redis", replicas: int = 0) -> None:
        self._client = client
        self._replicas = replicas
        self._sources = sources()
        self._hashes: dict[str, str] = {}
        self._asked: list[Asked] = []
        self._going: asyncio.Task[None] | None = None

    async def command(self, *command: str | int | float) -> Any:
        """What Redis answers to one command."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked.append((command, answer))
        if self._going is None:
            self._going = asyncio.create_task(self._go())
        return await answer

    async def script(self, name: str, *args: str | int | float) -> Any:
        """What the script `ledger/lua/{name}.lua` answers, in one atomic step."""
        for _ in range(2):
            if name in self._hashes:
                try:
                    return await self.command("EVALSHA", self._hashes[name], 0, *args)
                except NoScriptError:
                    pass  # the server was started anew
            self._hashes[name] = await self.command("SCRIPT LOAD", self._sources[name])
        return await self.command("EVAL", self._sources[name], 0, *args)

    async def close(self) -> None:
        """Give up what is under way."""
        if self._going is not None:
            self._going.cancel()
            await asyncio.wait({self._going})

    async def _go(self) -> None:
        asked: list[Asked] = []
        try:
            while self._asked:
                asked, self._asked = self._asked[:_MOST], self._asked[_MOST:]
                await self._round_trip(asked)
        finally:
            self._going = None
            for _, answer in (*asked, *self._asked):
                if not answer.done():
                    answer.set_exception(LedgerUnavailable("the process ends"))

    async def _round_trip(self, asked: list[Asked]) -> None:
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                for command, _ in asked:
                    pipe.execute_command(*command)
                if self._replicas:
                    # As in ledger.scripts: without a write of its own, WAIT waits for nothing.
                    pipe.execute_command("INCR", keys.fence())
                    pipe.execute_command("WAIT", self._replicas, CONFIRM_MS)
                answers = await pipe.execute(raise_on_error=False)
        except (redis.RedisError, OSError) as error:
            answers = [error] * (len(asked) + 2 * bool(self._replicas))
        unconfirmed = self._unconfirmed(answers.pop(-2), answers.pop()) if self._replicas else ""
        for (_, future), answer in zip(asked, answers, strict=True):
            if future.done():
                continue  # its caller has given up
            if isinstance(answer, NoScriptError):
                future.set_exception(answer)
            elif isinstance(answer, Exception):
                future.set_exception(LedgerUnavailable(str(answer)))
            elif unconfirmed:
                future.set_exception(LedgerUnavailable(unconfirmed))
            else:
                future.set_result(answer)

    def _unconfirmed(self, fence: Any, reached: Any) -> str:
        """Why what was written does not count, by the answers to the fence and to WAIT; "" where it does."""
        for answer in (fence, reached):
            if isinstance(answer, Exception):
                return str(answer) or repr(answer)
        return "" if reached >= self._replicas else f"{reached} of {self._replicas} replicas have confirmed"
