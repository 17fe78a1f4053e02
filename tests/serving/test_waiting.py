"""Who must go when too many connections wait for a request."""

import pytest

from serving.waiting import PendingConnections, one_of


def test_the_oldest_of_the_same_address_goes() -> None:
    """Given two connections of one address, and room for no third, I expect its first to go, and those of
    others to stay."""
    waiting: PendingConnections[str] = PendingConnections(most=10, most_of_one=2)
    assert [waiting.enter(each, "192.0.2.1") for each in ("a", "b")] == [None, None]
    assert waiting.enter("other", "192.0.2.2") is None
    assert waiting.enter("c", "192.0.2.1") == "a"
    assert "other" in waiting
    assert len(waiting) == 3


def test_the_oldest_of_all_goes_where_addresses_are_many() -> None:
    waiting: PendingConnections[int] = PendingConnections(most=5, most_of_one=2)
    gone = [waiting.enter(number, f"192.0.2.{number}") for number in range(100)]
    assert gone == [None] * 5 + list(range(95))
    assert len(waiting) == 5


def test_who_has_brought_a_request_is_not_counted_and_begins_anew_after_it() -> None:
    waiting: PendingConnections[str] = PendingConnections(most=10, most_of_one=2)
    waiting.enter("a", "192.0.2.1")
    waiting.enter("b", "192.0.2.1")
    assert waiting.enter("a", "192.0.2.1") is None  # waits already, and stays the oldest
    waiting.leave("a")
    waiting.leave("a")
    assert waiting.enter("c", "192.0.2.1") is None
    assert waiting.enter("a", "192.0.2.1") == "b"


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:0:9", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_an_address_is_what_one_subscriber_has(host: str, counted: str) -> None:
    assert one_of(host) == counted
