"""Every wait of a worker is one of these policies: polling, passing errors, a ledger that is away."""

from collections.abc import Callable
from typing import Any

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_random,
)

from config.settings import Settings
from jobs.errors import LedgerUnavailable, PassingError

LONGEST_ADVICE_S = 60.0
"""For so long at most the other side's advice on when to come back is obeyed."""
BRIEF_S = 5.0
"""A longer wait is not worth holding a slot for, where the job can be put off."""
Sleep = Callable[[float], Any]
"""A slot's wait: returns when the seconds are over or the slot is woken, raises when it must stop."""


def advice(state: RetryCallState) -> float:
    """What the other side said about when to come back, in seconds; 0 when it said nothing."""
    error = state.outcome.exception() if state.outcome else None
    return (error.retry_after or 0.0) if isinstance(error, PassingError) else 0.0


def polling(
    settings: Settings,
    sleep: Sleep,
    rhythm: Callable[[], float],
    left: Callable[[], float],
    done: Callable[[Any], bool],
) -> Retrying:
    """Ask until `done`: each wait is what `rhythm` says then, with jitter, never past the `left` seconds.

    Passing errors are asked again in the same rhythm, or when the provider says. Raises RetryError when no
    time is left.
    """
    jitter = wait_random(0, 0.1 * settings.poll_first_s)

    def wait(state: RetryCallState) -> float:
        return max(0.0, min(max(rhythm() + jitter(state), advice(state)), left()))

    return Retrying(
        sleep=sleep,
        wait=wait,
        stop=lambda _state: left() <= 0,
        retry=retry_if_exception_type(PassingError) | retry_if_result(lambda found: not done(found)),
    )


def turn(sleep: Sleep) -> Retrying:
    """Ask for a turn until it has come: the call answers the seconds to wait until it is to be asked again.

    What comes back unheard, or all at once, is spread by a little jitter. There is always a next turn: the
    wait is as long as those in front need.
    """
    jitter = wait_random(0, 0.05)
    return Retrying(
        sleep=sleep,
        wait=lambda state: state.outcome.result() + jitter(state) if state.outcome else 0.0,
        retry=retry_if_result(lambda seconds: seconds > 0),
    )


def passing(sleep: Sleep, attempts: int = 5) -> Retrying:
    """Try again after passing errors: 0.5 s, 1 s ... 15 s, or as the other side says. Reraises the last."""
    grow = wait_exponential(multiplier=0.5, max=15)
    return Retrying(
        sleep=sleep,
        wait=lambda state: min(LONGEST_ADVICE_S, max(grow(state), advice(state))),
        stop=stop_after_attempt(attempts),
        retry=retry_if_exception_type(PassingError),
        reraise=True,
    )


def brief(sleep: Sleep) -> Retrying:
    """Try three times within a few seconds after passing errors. Reraises the last: whoever asks has another
    way to wait for longer."""
    return Retrying(
        sleep=sleep,
        wait=lambda state: max(0.5 * state.attempt_number, advice(state)),
        stop=lambda state: state.attempt_number >= 3 or advice(state) > BRIEF_S,
        retry=retry_if_exception_type(PassingError),
        reraise=True,
    )


def ledger_back(seconds: float) -> Retrying:
    """Repeat a write until the ledger takes it, for at most `seconds`: what it holds may not be forgotten."""
    return Retrying(
        wait=wait_exponential(multiplier=0.1, max=2),
        stop=stop_after_delay(seconds),
        retry=retry_if_exception_type(LedgerUnavailable),
        reraise=True,
    )
