"""One policy of calling again, for threads and for an event loop."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar

from tenacity import AsyncRetrying, RetryCallState, RetryError, Retrying, stop_never

P = ParamSpec("P")
T = TypeVar("T")
Sleep = Callable[[float], Any]
"""A thread's wait, in seconds. A slot's returns when they are over or the slot is woken, and raises when it
must stop."""


class OutOfTime(RetryError):
    """The time for polling is over, and what is polled has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """After which outcomes of a call it is made again, after which wait, and until when.

    Attributes:
        retry: Whether an outcome is followed by another call.
        wait: The seconds until then.
        stop: Whether the call that has just been made was the last one.
        sleep: How a thread waits; an event loop has its own way.
        before_sleep: Is told of every wait.
        out_of_time: Raise OutOfTime at the end, rather than the last call's own error.
    """

    retry: Callable[[RetryCallState], bool]
    wait: Callable[[RetryCallState], float]
    stop: Callable[[RetryCallState], bool] = stop_never
    sleep: Sleep = time.sleep
    before_sleep: Callable[[RetryCallState], None] | None = None
    out_of_time: bool = False

    def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a call in this thread, again where need be, and return what it returned in the end.

        Raises:
            TypeError: The call is a coroutine function, whose errors would come only when it is awaited.
        """
        if iscoroutinefunction(call):
            raise TypeError("a coroutine function is called again by call_async")
        retrying = Retrying(
            retry=self.retry,
            wait=self.wait,
            stop=self.stop,
            sleep=self.sleep,
            before_sleep=self.before_sleep,
            reraise=not self.out_of_time,
            retry_error_cls=OutOfTime,
        )
        found: T = retrying(call, *args, **kwargs)
        return found

    async def call_async(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a call in this event loop, again where need be, and return what it returned in the end."""
        retrying = AsyncRetrying(
            retry=self.retry,
            wait=self.wait,
            stop=self.stop,
            before_sleep=self.before_sleep,
            reraise=not self.out_of_time,
            retry_error_cls=OutOfTime,
        )

        async def attempt() -> T:
            return await call(*args, **kwargs)

        found: T = await retrying(attempt)
        return found


def error_of(state: RetryCallState) -> BaseException | None:
    """What the last call raised; None where it returned."""
    return state.outcome.exception() if state.outcome else None
