"""Errors of calls to Telegram, divided by what a caller can do about them.

Passing errors are `jobs.errors.PassingError`; its `retry_after` is Telegram's own advice in seconds.
"""

import re
from datetime import timedelta

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from jobs.errors import DarkroomError, PassingError


class Unreachable(DarkroomError):
    """The chat takes no message of ours, now or later (the bot is blocked or kicked, the chat deleted)."""


class MessageGone(DarkroomError):
    """The message to edit was deleted, or its text or media cannot be edited."""


class ChatMoved(DarkroomError):
    """The group became a supergroup; `new_chat_id` is the chat to send to from now on."""

    def __init__(self, new_chat_id: int) -> None:
        super().__init__(f"the group has moved to {new_chat_id}")
        self.new_chat_id = new_chat_id


class OutcomeUnknown(DarkroomError):
    """A message that must not be sent twice may or may not have been sent: Telegram's response was lost."""


class Dropped(DarkroomError):
    """A progress edit was skipped: the rate limit is short, the chat must wait, or the call failed."""


class MediaTooLarge(DarkroomError):
    """The file is larger than the Bot API server takes; send a link instead."""


class SentBefore(DarkroomError):
    """A message that is sent at most once was sent before, or may have been."""


class NotNow(PassingError):
    """The call was not made, as the shared rate limit leaves no room in time; the chat is not at fault."""


class Refused(DarkroomError):
    """Telegram refuses this call: the same call again will not help, a different one may."""


class MediaForbidden(Refused):
    """The chat takes no media of this kind; it may take other kinds, or texts."""


class FileUnknown(Refused):
    """Telegram does not know this `file_id` (any more): the file itself must be uploaded."""


NOT_MODIFIED = "message is not modified"

# Substrings of Telegram's descriptions, in lower case.
_GONE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
    "there is no text in the message to edit",
    "there is no media in the message to edit",
    "message to delete not found",
)
_UNREACHABLE = (
    "chat not found",
    "user not found",
    "user is deactivated",
    "peer_id_invalid",
    "group chat was deleted",
    "group chat was deactivated",
    "rights to send a message",
    "rights to send messages",
    "rights to send text messages",
    "chat_send_plain_forbidden",
    "chat_write_forbidden",
    "chat_restricted",
)
_UNKNOWN_FILE = (
    "wrong file identifier",
    "wrong remote file identifier",
    "wrong file_id",
    "wrong file id",
    "file_id_invalid",
    "file_reference_",
)
# Telegram grants rights for each kind of media; missing rights to send texts have their own phrases above.
_FORBIDDEN_MEDIA = re.compile(
    r"rights to send (?!(a |text )?message)|chat_send_(?!plain_)\w+_forbidden", re.ASCII
)
_TOO_LARGE = ("too large", "file is too big")
# Errors of the HTTP client that come before the first byte of the request is written.
_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def translate(error: TelegramError, *, repeatable: bool) -> DarkroomError | None:
    """Return our error for one of the library's; None where the call has in effect succeeded.

    Args:
        error: The library's error.
        repeatable: Making the call twice does the same as making it once (edits). For other calls a response
            that was lost after the request went out becomes OutcomeUnknown, and earlier errors are passing.
    """
    if isinstance(error, BadRequest):
        return _bad_request(error.message)
    final = _final(error)
    if final is not None:
        return final
    if isinstance(error, RetryAfter):
        return PassingError("Telegram asks to wait", retry_after=seconds(error))
    if repeatable or not _ambiguous(error):
        return PassingError(error.message)
    return OutcomeUnknown(error.message)


def seconds(error: RetryAfter) -> float:
    """Return the seconds that Telegram asks to wait, which the library gives as a number or a timedelta."""
    told = error.retry_after
    return told.total_seconds() if isinstance(told, timedelta) else float(told)


def _final(error: TelegramError) -> DarkroomError | None:
    if isinstance(error, ChatMigrated):
        return ChatMoved(error.new_chat_id)
    if isinstance(error, Forbidden):
        forbidden = _FORBIDDEN_MEDIA.search(error.message.lower())
        return MediaForbidden(error.message) if forbidden else Unreachable(error.message)
    if any(words in error.message.lower() for words in _TOO_LARGE):
        return MediaTooLarge(error.message)
    return None


def _bad_request(description: str) -> DarkroomError | None:
    words = description.lower()
    if NOT_MODIFIED in words:
        return None
    for error, phrases in (
        (MessageGone, _GONE),
        (Unreachable, _UNREACHABLE),
        (MediaTooLarge, _TOO_LARGE),
        (FileUnknown, _UNKNOWN_FILE),
    ):
        if any(phrase in words for phrase in phrases):
            return error(description)
    return MediaForbidden(description) if _FORBIDDEN_MEDIA.search(words) else Refused(description)


def _ambiguous(error: TelegramError) -> bool:
    cause = error.__cause__
    if isinstance(cause, httpx.HTTPError):
        return not isinstance(cause, _UNSENT)
    # Responses with a status of 5xx, or about a wrong token, say that nothing was done. The exception is a
    # gateway that gave up waiting for the response. The base class stands for a response that cannot be read.
    return "gateway timeout" in error.message.lower() or type(error) is TelegramError or cause is not None
