"""What the checker of the chaos run says of money: each way in which books and jobs may disagree."""

from bench.chaos.money import misbilled, misbooked
from ledger import keys

DAY, MONTH = "2026-11-27", "2026-11"
PAID = {
    "state": "delivered",
    "user": "5",
    "model": "sketch",
    "provider": "replicate",
    "kind": "image",
    "tier": "regular",
    "prompt": "a fox",
    "reserved": "0",
    "billed": "3000",
    "reserved_in": f"{DAY} {MONTH}",
    "at:submitting": "1",
    "at:running": "2",
}
OPEN = {**PAID, "state": "queued", "prompt": "an owl", "reserved": "3000", "billed": "0"}
DOUBTFUL = {name: value for name, value in PAID.items() if name != "at:running"}
NAMES = ("sketch", "replicate", "image", "regular", "all")


def books(committed: int, used: int) -> dict[str, dict[str, int]]:
    """What stands under each name that a job counts in, for its user and in day and month alike."""
    of_all = dict.fromkeys(NAMES, committed) | {f"used:{name}": used for name in NAMES}
    of_people = {"5": committed, "used:5": used}
    return {
        key: dict(book)
        for span in (DAY, MONTH)
        for key, book in ((keys.budget(span), of_all), (keys.budget_people(span), of_people))
    }


def test_books_that_agree() -> None:
    """Given a paid and a waiting job, and a cached one that cost nothing, I expect nothing to be wrong."""
    free = {name: value for name, value in PAID.items() if name not in ("reserved", "billed", "reserved_in")}
    assert misbooked({"a": PAID, "b": OPEN, "c": free}, books(6000, 3000)) == []


def test_each_book_that_differs_is_named() -> None:
    """Given a price that is missing in the books, and one too many in a single book, I expect each to be
    named."""
    assert len(misbooked({"a": PAID}, {})) == 2 * 2 * (len(NAMES) + 1)
    wrong = books(3000, 3000)
    wrong[keys.budget(DAY)]["replicate"] = 6000
    assert misbooked({"a": PAID}, wrong) == [
        f"{keys.budget(DAY)} has 6000 as replicate, and the jobs come to 3000"
    ]
    assert misbooked({}, {keys.budget(MONTH): {"used:all": 1}}) == [
        f"{keys.budget(MONTH)} has 1 as used:all, and the jobs come to 0"
    ]


def test_who_has_ended_has_nothing_reserved() -> None:
    """Given a cancelled job whose price was never released, I expect that, however well the books agree."""
    left = {**OPEN, "state": "cancelled"}
    assert misbooked({"a": left}, books(3000, 0)) == ["job a is cancelled and has 3000 reserved"]


def test_a_submission_is_billed_to_its_job() -> None:
    """Given submissions named by prompt or by job, I expect those that nobody was billed for, and bills
    without one; a job that was given up in its call is billed to be safe."""
    unpaid = {**PAID, "billed": "0"}
    assert misbilled({"a": PAID}, ["a fox"]) == misbilled({"a": PAID}, ["a"]) == []
    assert misbilled({"a": unpaid}, ["a"]) == ["'a fox': submitted 1 times, billed 0 times: a"]
    assert misbilled({"a": PAID, "b": PAID}, ["a"]) == ["'a fox': submitted 1 times, billed 2 times: a, b"]
    assert misbilled({"a": DOUBTFUL}, []) == misbilled({"a": DOUBTFUL}, ["a fox"]) == []


def test_who_shares_a_paid_result_is_not_billed() -> None:
    """Given one submission, whose job was cancelled and left its prediction to another, I expect one bill."""
    heir = {name: value for name, value in PAID.items() if name not in ("billed", "reserved_in")}
    assert misbilled({"a": {**PAID, "state": "cancelled"}, "b": heir}, ["a fox"]) == []
