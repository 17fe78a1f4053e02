"""Commands of many asyncio tasks in few round trips: commands asked for during one trip go with the next."""

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
"""Most commands in one round trip; further ones wait for the next."""
Command = tuple[str | int | float, ...]
Asked = tuple[Command, "asyncio.Future[Any]"]


class SharedPipeline:
    """The shared pipeline of one client, in one event loop. All methods raise LedgerUnavailable.

    A caller waits for the round trip that is under way and for its own. With `replicas`, a result counts only
    when so many replicas have confirmed the writes, as in `ledger.scripts`. The connections belong to the
    client; its owner closes them after `close`.
    """

    def __init__(self, client: "redis.asyncio.Redis", replicas: int = 0) -> None:
        self._client = client
        self._replicas = replicas
        self._sources = sources()
        self._hashes: dict[str, str] = {}
        self._asked: list[Asked] = []
        self._going: asyncio.Task[None] | None = None

    async def command(self, *command: str | int | float) -> Any:
        """Run one command and return its result."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked.append((command, answer))
        if self._going is None:
            self._going = asyncio.create_task(self._go())
        return await answer

    async def script(self, name: str, *args: str | int | float) -> Any:
        """Run the script `ledger/lua/{name}.lua`, one atomic step, and return its result."""
        for _ in range(2):
            if name in self._hashes:
                try:
                    return await self.command("EVALSHA", self._hashes[name], 0, *args)
                except NoScriptError:
                    pass  # the server was restarted, and has lost its scripts
            self._hashes[name] = await self.command("SCRIPT LOAD", self._sources[name])
        return await self.command("EVAL", self._sources[name], 0, *args)

    async def close(self) -> None:
        """Cancel the round trip that is under way; its callers get LedgerUnavailable."""
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
                continue  # the caller has given up
            if isinstance(answer, NoScriptError):
                future.set_exception(answer)
            elif isinstance(answer, Exception):
                future.set_exception(LedgerUnavailable(str(answer)))
            elif unconfirmed:
                future.set_exception(LedgerUnavailable(unconfirmed))
            else:
                future.set_result(answer)

    def _unconfirmed(self, fence: Any, reached: Any) -> str:
        """Return why the writes do not count, by the replies to the fence and to WAIT; "" where they do."""
        for answer in (fence, reached):
            if isinstance(answer, Exception):
                return str(answer) or repr(answer)
        return "" if reached >= self._replicas else f"{reached} of {self._replicas} replicas have confirmed"
