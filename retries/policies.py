"""The policies: polling, a turn to call, passing errors, a ledger that is away, a start that must succeed."""

from collections.abc import Callable
from typing import Any

from tenacity import (
    RetryCallState,
    retry_if_exception,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    stop_before_delay,
    wait_exponential,
    wait_exponential_jitter,
    wait_random,
)

from jobs.errors import LedgerUnavailable, PassingError
from retries.policy import Policy, Sleep, error_of

LONGEST_ADVICE_S = 60.0
"""For so long at most the other side's advice on when to come back is obeyed."""
BRIEF_S = 5.0
"""A longer wait is not worth holding a slot for, where the job can be put off."""


def polling(
    jitter_s: float,
    sleep: Sleep,
    rhythm: Callable[[], float],
    left: Callable[[], float],
    done: Callable[[Any], bool],
) -> Policy:
    """Ask until `done`: each wait is what `rhythm` says then, with jitter, never past the `left` seconds.

    Passing errors are asked again in the same rhythm, or when the provider says. Raises OutOfTime when no
    time is left.
    """
    jitter = wait_random(0, jitter_s)

    def wait(state: RetryCallState) -> float:
        return max(0.0, min(max(rhythm() + jitter(state), _advice(state)), left()))

    return Policy(
        sleep=sleep,
        wait=wait,
        stop=lambda _state: left() <= 0,
        retry=retry_if_exception_type(PassingError) | retry_if_result(lambda found: not done(found)),
        out_of_time=True,
    )


def turn(sleep: Sleep) -> Policy:
    """Ask for a turn until it has come: the call answers the seconds to wait until it is to be asked again.

    What comes back unheard, or all at once, is spread by a little jitter. There is always a next turn: the
    wait is as long as those in front need.
    """
    jitter = wait_random(0, 0.05)
    return Policy(
        sleep=sleep,
        wait=lambda state: state.outcome.result() + jitter(state) if state.outcome else 0.0,
        retry=retry_if_result(lambda seconds: seconds > 0),
    )


def passing(sleep: Sleep, attempts: int = 5) -> Policy:
    """Try again after passing errors: 0.5 s, 1 s ... 15 s, or as the other side says. Reraises the last."""
    grow = wait_exponential(multiplier=0.5, max=15)
    return Policy(
        sleep=sleep,
        wait=lambda state: min(LONGEST_ADVICE_S, max(grow(state), _advice(state))),
        stop=stop_after_attempt(attempts),
        retry=retry_if_exception_type(PassingError),
    )


def passing_within(
    seconds: float, sleep: Sleep, longest_wait_s: float, also: tuple[type[Exception], ...] = ()
) -> Policy:
    """Try again for at most `seconds` after passing errors and those in `also`. Reraises the last.

    It waits 0.1 s, 0.2 s ... 1 s, or as the other side says, and never longer than `longest_wait_s`.
    """
    grow = wait_exponential(multiplier=0.1, max=1)
    return Policy(
        sleep=sleep,
        wait=lambda state: min(longest_wait_s, max(grow(state), _advice(state))),
        stop=stop_after_delay(seconds),
        retry=retry_if_exception_type((PassingError, *also)),
    )


def brief(sleep: Sleep) -> Policy:
    """Try three times within a few seconds after passing errors. Reraises the last: the caller has another
    way to wait for longer."""
    return Policy(
        sleep=sleep,
        wait=lambda state: max(0.5 * state.attempt_number, _advice(state)),
        stop=lambda state: state.attempt_number >= 3 or _advice(state) > BRIEF_S,
        retry=retry_if_exception_type(PassingError),
    )


def persistent() -> Policy:
    """Try again after passing errors, five times and half a minute at most. Reraises the last."""
    grow = wait_exponential(multiplier=0.5, max=4)
    return Policy(
        wait=lambda state: max(grow(state), _advice(state)),
        stop=stop_after_attempt(5) | stop_before_delay(30),
        retry=retry_if_exception_type(PassingError),
    )


def ledger_back(within_s: float) -> Policy:
    """Repeat a call until the ledger takes it, for at most `within_s` seconds. Reraises the last
    LedgerUnavailable. Jitter keeps all who wait from coming back to it at the same moment."""
    return Policy(
        wait=wait_exponential_jitter(multiplier=0.1, max=2, jitter=0.1),
        stop=stop_after_delay(within_s),
        retry=retry_if_exception_type(LedgerUnavailable),
    )


def endless(
    passes: Callable[[BaseException], bool],
    advised: Callable[[BaseException], float | None],
    tell: Callable[[BaseException, float], None],
) -> Policy:
    """Repeat a call until it succeeds, for as long as its errors pass; its task or thread may be ended.

    Args:
        passes: Whether the call is to be made again after this error.
        advised: What the error says about when to come back, in seconds; None where it says nothing: then it
            is 0.5 s, 1 s ... 15 s, with jitter.
        tell: Is told of each error and of the seconds until the next call.
    """
    grow = wait_exponential_jitter(multiplier=0.5, max=15, jitter=0.5)

    def wait(state: RetryCallState) -> float:
        error = error_of(state)
        advice_s = None if error is None else advised(error)
        return grow(state) if advice_s is None else advice_s

    def before_sleep(state: RetryCallState) -> None:
        error = error_of(state)
        if error is not None:
            tell(error, state.next_action.sleep if state.next_action else 0.0)

    return Policy(retry=retry_if_exception(passes), wait=wait, before_sleep=before_sleep)


def _advice(state: RetryCallState) -> float:
    """What the other side said about when to come back, in seconds; 0 when it said nothing."""
    error = error_of(state)
    return (error.retry_after or 0.0) if isinstance(error, PassingError) else 0.0
