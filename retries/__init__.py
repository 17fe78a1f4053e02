"""The retry policies of all processes: when a call is retried, after which wait, and until when.

The package is built on tenacity; no other package imports it. Each function returns a `Policy`, which serves
threads and event loops alike.
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
