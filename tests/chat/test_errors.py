"""What Telegram's errors mean to Darkroom."""

from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from chat.errors import (
    ChatMoved,
    FileUnknown,
    MediaForbidden,
    MediaTooLarge,
    MessageGone,
    OutcomeUnknown,
    Refused,
    Unreachable,
    translate,
)
from jobs.errors import DarkroomError, PassingError


def caused(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (Forbidden("Forbidden: bot was blocked by the user"), Unreachable),
        (Forbidden("Forbidden: bot was kicked from the supergroup chat"), Unreachable),
        (BadRequest("Bad Request: chat not found"), Unreachable),
        (BadRequest("Bad Request: have no rights to send a message"), Unreachable),
        (BadRequest("Bad Request: not enough rights to send text messages to the chat"), Unreachable),
        (BadRequest("Bad Request: CHAT_WRITE_FORBIDDEN"), Unreachable),
        (BadRequest("Bad Request: not enough rights to send photos to the chat"), MediaForbidden),
        (BadRequest("Bad Request: not enough rights to send documents to the chat"), MediaForbidden),
        (BadRequest("Bad Request: CHAT_SEND_VIDEOS_FORBIDDEN"), MediaForbidden),
        (Forbidden("Forbidden: CHAT_SEND_PHOTOS_FORBIDDEN"), MediaForbidden),
        (BadRequest("Bad Request: wrong file identifier/HTTP URL specified"), FileUnknown),
        (
            BadRequest("Bad Request: wrong remote file identifier specified: can't unserialize it"),
            FileUnknown,
        ),
        (BadRequest("Bad Request: message thread not found"), Refused),
        (BadRequest("Bad Request: TOPIC_CLOSED"), Refused),
        (BadRequest("Bad Request: message to edit not found"), MessageGone),
        (BadRequest("Bad Request: message can't be edited"), MessageGone),
        (BadRequest("Bad Request: there is no text in the message to edit"), MessageGone),
        (BadRequest("Bad Request: PHOTO_INVALID_DIMENSIONS"), Refused),
        (BadRequest("Bad Request: message caption is too long"), Refused),
        (NetworkError("Request Entity Too Large"), MediaTooLarge),
        (BadRequest("Bad Request: file is too big"), MediaTooLarge),
        (NetworkError("Bad Gateway"), PassingError),
        (NetworkError("Internal Server Error"), PassingError),
        (Conflict("Conflict: terminated by other getUpdates request"), PassingError),
        (InvalidToken(), PassingError),
    ],
    ids=lambda value: str(value) if isinstance(value, TelegramError) else "",
)
def test_definite_answers_mean_the_same_for_edits_and_for_sends(
    error: TelegramError, meaning: type[DarkroomError], repeatable: bool
) -> None:
    """When Telegram itself says no, I expect its meaning, whether or not the call could be repeated."""
    assert type(translate(error, repeatable=repeatable)) is meaning


def test_an_edit_that_changes_nothing_is_a_success() -> None:
    """When the message shows the new content already, I expect no error."""
    words = "Bad Request: message is not modified: specified new message content is exactly the same"
    assert translate(BadRequest(words), repeatable=True) is None


def test_a_moved_group_tells_its_new_id() -> None:
    """When a group became a supergroup, I expect the id to send to."""
    moved = translate(ChatMigrated(-100123), repeatable=True)
    assert isinstance(moved, ChatMoved)
    assert moved.new_chat_id == -100123


@pytest.mark.filterwarnings("ignore:.*retry_after")
@pytest.mark.parametrize("told", [7, timedelta(seconds=7)])
@pytest.mark.parametrize("as_timedelta", ["true", "false"])
def test_telegrams_advice_is_kept(
    told: int | timedelta, as_timedelta: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When Telegram says how long to wait, I expect the seconds, in whichever type the library has them."""
    monkeypatch.setenv("PTB_TIMEDELTA", as_timedelta)
    passing = translate(RetryAfter(told), repeatable=False)
    assert isinstance(passing, PassingError)
    assert passing.retry_after == 7.0


@pytest.mark.parametrize(
    "cause", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")]
)
def test_a_send_that_never_left_may_be_made_again(cause: httpx.HTTPError) -> None:
    """When the connection failed before a byte was written, I expect a passing error for a send too."""
    assert type(translate(caused(NetworkError("x"), cause), repeatable=False)) is PassingError


@pytest.mark.parametrize(
    "error",
    [
        caused(TimedOut(), httpx.ReadTimeout("")),
        caused(TimedOut(), httpx.WriteTimeout("")),
        caused(NetworkError("x"), httpx.ReadError("reset")),
        caused(NetworkError("x"), httpx.RemoteProtocolError("no answer")),
        NetworkError("Gateway Timeout"),
        TelegramError("Invalid server response"),
        caused(NetworkError("Unknown error in HTTP implementation"), ValueError("?")),
    ],
    ids=repr,
)
def test_a_lost_answer_is_unknown_for_a_send_and_passing_for_an_edit(error: TelegramError) -> None:
    """When the request went out and no readable answer came, I expect no send to be called safe to repeat."""
    assert type(translate(error, repeatable=False)) is OutcomeUnknown
    assert type(translate(error, repeatable=True)) is PassingError
