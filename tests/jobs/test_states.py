"""The state machine: jobs only ever go forward, and every way leads to an end."""

from jobs.states import ACTIVE, ENDED, GENERATING, MOVES, WAITING, State

ORDER = list(State)


def before(state: State) -> set[State]:
    """The states from which one can be entered."""
    return {origin for origin, targets in MOVES.items() if state in targets}


def test_no_move_goes_backwards() -> None:
    """Given the order in which a job's states are declared, each move goes to a later one."""
    for origin, targets in MOVES.items():
        assert all(ORDER.index(target) > ORDER.index(origin) for target in targets), origin


def test_an_ended_job_moves_no_more() -> None:
    for state in ENDED:
        assert MOVES[state] == frozenset()


def test_every_active_state_can_reach_delivery_and_failure() -> None:
    """Given any active state, I expect a way to `delivered` and a direct one to `failed`."""
    for state in ACTIVE:
        assert State.FAILED in MOVES[state]
        seen, ways = set(), {state}
        while ways:
            seen |= ways
            ways = {target for origin in ways for target in MOVES[origin]} - seen
        assert State.DELIVERED in seen, state


def test_the_paid_call_is_entered_from_one_state_only() -> None:
    """A job is submitted once: only a claimed job gets there, and nothing leads back to it."""
    assert before(State.SUBMITTING) == {State.CLAIMED}
    assert before(State.CLAIMED) == WAITING


def test_a_result_that_is_there_cannot_be_cancelled() -> None:
    assert State.CANCELLED not in MOVES[State.STORED] | MOVES[State.DELIVERING]
    assert all(State.CANCELLED in MOVES[state] for state in WAITING | GENERATING)
