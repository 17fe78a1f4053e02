"""What of the replies to a result is only talk."""

import pytest

from bot.requests.talk import is_talk


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!", "nice one", "LOL", "so beautiful!!", "👍", "🔥🔥", "...", "who made this?", "ok",
        "Спасибо большое", "Как красиво!", "ого", "а как?", "ха-ха",
    ],
)  # fmt: skip
def test_thanks_delight_and_questions_are_talk(text: str) -> None:
    assert is_talk(text)


@pytest.mark.parametrize(
    "text",
    ["in the snow", "make it blue", "a nice one in red", "--ar 16:9", "в снегу", "ещё синее", "thanksgiving"],
)
def test_whatever_says_more_is_a_request(text: str) -> None:
    assert not is_talk(text)
