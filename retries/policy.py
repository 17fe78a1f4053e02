"""A retry policy, for threads and for event loops."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar

from tenacity import AsyncRetrying, RetryCallState, RetryError, Retrying, stop_never

P = ParamSpec("P")
T = TypeVar("T")
Sleep = Callable[[float], Any]
"""The function that makes a thread wait, in seconds. A slot's function also returns when the slot is woken,
and raises when the slot must stop."""


class OutOfTime(RetryError):
    """The time for polling is over, and no result is final."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A retry policy: after which outcomes a call is retried, after which wait, and until when.

    Attributes:
        retry: Returns whether to retry after an outcome.
        wait: Returns the seconds until the next call.
        stop: Returns whether the last call was the final one.
        sleep: How a thread waits; an event loop has its own way.
        before_sleep: Is called before every wait.
        out_of_time: Whether to raise OutOfTime at the end, instead of the last call's error.
    """

    retry: Callable[[RetryCallState], bool]
    wait: Callable[[RetryCallState], float]
    stop: Callable[[RetryCallState], bool] = stop_never
    sleep: Sleep = time.sleep
    before_sleep: Callable[[RetryCallState], None] | None = None
    out_of_time: bool = False

    def __call__(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a call in this thread, retry it as the policy says, and return the last result.

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
        """Make a call in this event loop, retry it as the policy says, and return the last result."""
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
    """Return the error of the last call; None where the call returned."""
    return state.outcome.exception() if state.outcome else None
