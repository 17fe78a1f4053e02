"""When a call is made again, how long after, and until when: the policies of all processes, on tenacity.

No other package imports tenacity. Each function makes a `Policy`, for threads and for an event loop alike.
"""

from retries.policies import (
    BRIEF_S,
    LONGEST_ADVICE_S,
    brief,
    endless,
    ledger_back,
    passing,
    passing_within,
    persistent,
    polling,
    turn,
)
from retries.policy import OutOfTime, Policy, Sleep

__all__ = [
    "BRIEF_S",
    "LONGEST_ADVICE_S",
    "OutOfTime",
    "Policy",
    "Sleep",
    "brief",
    "endless",
    "ledger_back",
    "passing",
    "passing_within",
    "persistent",
    "polling",
    "turn",
]
