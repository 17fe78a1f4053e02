"""The states of a job and the moves between them.

Pure. The ledger's scripts get these tables (ledger/lua_source.py) and refuse every other move.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a job is. See `MOVES` for the legal ways on."""

    ACCEPTED = "accepted"  # admitted, its message not yet known to be on the broker
    SHARING = "sharing"  # waits for the identical job of another request, and gets that one's result
    QUEUED = "queued"  # its message is on the broker
    CLAIMED = "claimed"  # a slot has its lease, nothing was submitted
    SUBMITTING = "submitting"  # the paid call is being made: from here on it is never made again
    UNKNOWN = "unknown"  # the paid call may or may not have reached the provider
    RUNNING = "running"  # the provider has it, under a known prediction id
    STORING = "storing"  # the prediction succeeded, its output is being fetched
    STORED = "stored"  # the artifact is in the media store, the chat has not got it
    DELIVERING = "delivering"  # a delivery slot has its lease
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({State.DELIVERED, State.FAILED, State.CANCELLED})
ACTIVE = frozenset(State) - ENDED
WAY = tuple(state for state in State if state in ACTIVE)
"""The order in which a job passes its states, before it ends: that of their declaration."""
WAITING = frozenset({State.ACCEPTED, State.QUEUED})
"""Nobody works on it yet; it counts in its lane's backlog."""
GENERATING = frozenset({State.CLAIMED, State.SUBMITTING, State.RUNNING, State.STORING})
"""A generation slot holds its lease."""
HELD = GENERATING | {State.DELIVERING}
"""Some slot holds its lease; in all other states the job has none."""

_FORWARD: dict[State, frozenset[State]] = {
    # Straight to stored: the result was in the cache.
    State.ACCEPTED: frozenset({State.SHARING, State.QUEUED, State.CLAIMED, State.STORED}),
    # Into the place of the job that it shared, when that one is cancelled.
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
# Past `stored` there is a result to give, so a cancel comes too late; delivery itself may still fail
# for good (the person blocked the bot).
_CANCELLABLE = ACTIVE - {State.STORED, State.DELIVERING}

MOVES: dict[State, frozenset[State]] = {
    state: _FORWARD.get(state, frozenset())
    | (frozenset({State.FAILED}) if state in ACTIVE else frozenset())
    | (frozenset({State.CANCELLED}) if state in _CANCELLABLE else frozenset())
    for state in State
}
"""The legal moves: from a state to the states it may be followed by."""

RESTORED: dict[State, frozenset[State]] = {
    state: frozenset({State.STORED, State.UNKNOWN})
    for state in ACTIVE - {State.SHARING, State.STORED, State.DELIVERING}
}
"""Further moves, which only the restoring of a backup makes. Nobody knows what came after the backup: the
file may be there, or the paid call may have been made."""

SPANS: dict[State, dict[str, State]] = {
    State.CLAIMED: {"wait": State.ACCEPTED},
    State.RUNNING: {"submit": State.CLAIMED},
    State.STORING: {"generate": State.RUNNING},
    State.STORED: {"store": State.STORING},
    State.DELIVERED: {"deliver": State.STORED, "process": State.CLAIMED, "whole": State.ACCEPTED},
}
"""The spans of time that are measured: each ends with a state, and began with another.

A job that never was in that state has been spared the span: its result was cached or shared."""
