"""The states of a job and the moves between them. Pure.

The ledger's scripts get these tables (ledger/lua_source.py) and refuse every other move.
"""

from enum import StrEnum


class State(StrEnum):
    """The state of a job. `MOVES` has the legal moves."""

    ACCEPTED = "accepted"  # admitted, its message not yet known to be on the broker
    SHARING = "sharing"  # waits for the identical job of another request, and gets that job's result
    QUEUED = "queued"  # its message is on the broker
    CLAIMED = "claimed"  # a slot has its lease, nothing was submitted
    SUBMITTING = "submitting"  # the paid call is being made; it is repeated only if surely not taken
    UNKNOWN = "unknown"  # the paid call may or may not have reached the provider
    RUNNING = "running"  # the provider has the job, under a known prediction id
    STORING = "storing"  # the prediction succeeded, its output is being fetched
    STORED = "stored"  # the artifact is in the media store, still to be delivered
    DELIVERING = "delivering"  # a delivery slot has its lease
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({State.DELIVERED, State.FAILED, State.CANCELLED})
ACTIVE = frozenset(State) - ENDED
WAY = tuple(state for state in State if state in ACTIVE)
"""The active states in the order in which a job passes them, which is the order of their declaration."""
WAITING = frozenset({State.ACCEPTED, State.QUEUED})
"""States of jobs that no worker holds yet; such jobs count in their lane's backlog."""
GENERATING = frozenset({State.CLAIMED, State.SUBMITTING, State.RUNNING, State.STORING})
"""States in which a generation slot holds the job's lease."""
HELD = GENERATING | {State.DELIVERING}
"""States in which a slot holds the job's lease; in all other states there is no lease."""

_FORWARD: dict[State, frozenset[State]] = {
    # Directly to stored: the result was in the cache.
    State.ACCEPTED: frozenset({State.SHARING, State.QUEUED, State.CLAIMED, State.STORED}),
    # To queued or running: the shared job was cancelled, and this one takes its place.
    State.SHARING: frozenset({State.QUEUED, State.RUNNING, State.STORED}),
    State.QUEUED: frozenset({State.CLAIMED}),
    State.CLAIMED: frozenset({State.SUBMITTING}),
    State.SUBMITTING: frozenset({State.RUNNING, State.UNKNOWN}),
    State.UNKNOWN: frozenset({State.RUNNING}),
    State.RUNNING: frozenset({State.STORING}),
    State.STORING: frozenset({State.STORED}),
    State.STORED: frozenset({State.DELIVERING}),
    State.DELIVERING: frozenset({State.DELIVERED}),
}
# From `stored` on there is a result to deliver, so a cancellation comes too late. The delivery may still fail
# for good (the person blocked the bot).
_CANCELLABLE = ACTIVE - {State.STORED, State.DELIVERING}

MOVES: dict[State, frozenset[State]] = {
    state: _FORWARD.get(state, frozenset())
    | (frozenset({State.FAILED}) if state in ACTIVE else frozenset())
    | (frozenset({State.CANCELLED}) if state in _CANCELLABLE else frozenset())
    for state in State
}
"""The legal moves: from each state to the states that may follow it."""

RESTORED: dict[State, frozenset[State]] = {
    state: frozenset({State.STORED, State.UNKNOWN})
    for state in WAY
    if state not in (State.SHARING, State.STORED, State.DELIVERING)
}
"""Further moves, which only the restoring of a backup makes. Nobody knows what happened after the backup: the
file may have been stored, or the paid call may have been made."""

SPANS: dict[State, dict[str, State]] = {
    State.CLAIMED: {"wait": State.ACCEPTED},
    State.RUNNING: {"submit": State.CLAIMED},
    State.STORING: {"generate": State.RUNNING},
    State.STORED: {"store": State.STORING},
    State.DELIVERED: {"deliver": State.STORED, "process": State.CLAIMED, "whole": State.ACCEPTED},
}
"""The spans of time that are measured: final state -> name of the span -> first state.

A job that never was in the first state has no such span: its result was cached or shared."""
