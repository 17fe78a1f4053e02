"""Job ids derive from what the person did."""

import re

from hypothesis import given
from hypothesis import strategies as some

from jobs.ids import from_message, from_press

NUMBERS = some.integers(-(2**52), 2**52)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_the_same_message_is_the_same_job(bot: int, chat: int, message: int) -> None:
    assert from_message(bot, chat, message) == from_message(bot, chat, message)
    assert re.fullmatch(r"[a-z2-7]{20}", from_message(bot, chat, message))


@given(some.tuples(NUMBERS, NUMBERS, NUMBERS), some.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_another_message_is_another_job(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    assert (from_message(*one) == from_message(*other)) == (one == other)


def test_a_press_is_no_message() -> None:
    assert from_press(1, "7") != from_press(1, "8") != from_message(1, 1, 7)
