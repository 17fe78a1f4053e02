"""The policies: for polling, a turn, passing errors, an unavailable ledger, a start that must succeed."""

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
"""Longest wait (s) that the other side can advise."""
BRIEF_S = 5.0
"""Longest wait (s) that is worth holding a slot for, where the job can be put off."""


def polling(
    jitter_s: float,
    sleep: Sleep,
    rhythm: Callable[[], float],
    left: Callable[[], float],
    done: Callable[[Any], bool],
) -> Policy:
    """Poll until the result is `done`.

    After a passing error the next poll comes after the usual wait, or after the wait that the provider
    advises if that is longer. Raises OutOfTime when no time is left.

    Args:
        jitter_s: Longest random addition to a wait (s).
        sleep: How a thread waits.
        rhythm: Returns the next wait (s).
        left: Returns the time left (s), which no wait exceeds.
        done: Returns whether a result is final.
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
    """Ask for a turn until it is granted. The call returns the seconds until the next attempt; 0 is the turn.

    A little jitter spreads callers that would come back at the same moment. There is no time limit, because
    every caller gets a turn: the wait is as long as the callers before it need.
    """
    jitter = wait_random(0, 0.05)
    return Policy(
        sleep=sleep,
        wait=lambda state: state.outcome.result() + jitter(state) if state.outcome else 0.0,
        retry=retry_if_result(lambda seconds: seconds > 0),
    )


def passing(sleep: Sleep, attempts: int = 5) -> Policy:
    """Retry after passing errors, at most `attempts` calls in all; raise the last error.

    The waits are 0.5 s, 1 s ... 15 s, or what the other side advises, up to LONGEST_ADVICE_S.
    """
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
    """Retry for at most `seconds` after passing errors and the errors in `also`; raise the last error.

    The waits are 0.1 s, 0.2 s ... 1 s, or what the other side advises, and never above `longest_wait_s`.
    """
    grow = wait_exponential(multiplier=0.1, max=1)
    return Policy(
        sleep=sleep,
        wait=lambda state: min(longest_wait_s, max(grow(state), _advice(state))),
        stop=stop_after_delay(seconds),
        retry=retry_if_exception_type((PassingError, *also)),
    )


def brief(sleep: Sleep) -> Policy:
    """Retry after passing errors, at most three calls within a few seconds; raise the last error.

    For callers that have another way to wait for longer: an advised wait above BRIEF_S ends the retries.
    """
    return Policy(
        sleep=sleep,
        wait=lambda state: max(0.5 * state.attempt_number, _advice(state)),
        stop=lambda state: state.attempt_number >= 3 or _advice(state) > BRIEF_S,
        retry=retry_if_exception_type(PassingError),
    )


def persistent() -> Policy:
    """Retry after passing errors, at most five calls in half a minute; raise the last error."""
    grow = wait_exponential(multiplier=0.5, max=4)
    return Policy(
        wait=lambda state: max(grow(state), _advice(state)),
        stop=stop_after_attempt(5) | stop_before_delay(30),
        retry=retry_if_exception_type(PassingError),
    )


def ledger_back(within_s: float) -> Policy:
    """Retry a call until the ledger takes it, for at most `within_s` seconds; raise the last error.

    Only LedgerUnavailable is retried. Jitter keeps the waiting callers from coming back at the same moment.
    """
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
    """Retry a call until it succeeds, without a time limit; its task or thread may be ended from outside.

    Args:
        passes: Returns whether to retry after this error.
        advised: Returns the wait (s) that the error advises; None where it advises none. Then the waits are
            0.5 s, 1 s ... 15 s, with jitter.
        tell: Is called with each error and the seconds until the next call.
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
    """Return the wait (s) that the other side advised; 0 where it advised none."""
    error = error_of(state)
    return (error.retry_after or 0.0) if isinstance(error, PassingError) else 0.0
