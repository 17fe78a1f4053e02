"""What can go wrong on the way to a chat, in the terms that a caller decides by.

Troubles that pass are `jobs.errors.PassingError`; its `retry_after` is Telegram's own advice in seconds.
"""

import re
from datetime import timedelta

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from jobs.errors import DarkroomError, PassingError


class Unreachable(DarkroomError):
    """There is nobody: the chat takes no word of ours, now or later (blocked, kicked, deleted). Final."""


class MessageGone(DarkroomError):
    """The message to edit was deleted, or is none whose text or media can be edited."""


class ChatMoved(DarkroomError):
    """The group became a supergroup; `new_chat_id` is where to send to from now on."""

    def __init__(self, new_chat_id: int) -> None:
        super().__init__(f"the group has moved to {new_chat_id}")
        self.new_chat_id = new_chat_id


class OutcomeUnknown(DarkroomError):
    """A send that must not be repeated may or may not have been carried out: its answer was lost."""


class Dropped(DarkroomError):
    """A progress edit was left out: the budget is short, the chat is told to wait, or the call failed."""


class MediaTooLarge(DarkroomError):
    """The file is over what the Bot API server takes; a link has to do."""


class SentBefore(DarkroomError):
    """A message that is sent at most once was sent before, or may have been."""


class NotNow(PassingError):
    """Something of ours has to come first (a turn in the shared budget): it says nothing of the chat."""


class Refused(DarkroomError):
    """Telegram refuses this very call: repeating it as it is will not help, another one may."""


class MediaForbidden(Refused):
    """The chat takes no media of this kind; that says nothing of other kinds, or of words."""


class FileUnknown(Refused):
    """Telegram does not take this `file_id` (any more): the file itself has to be uploaded."""


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
# Rights are given for each kind of media; those to words have their own phrases above.
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
    """The domain's error for one of the library's; None where the call has in effect succeeded.

    `repeatable`: doing the call twice is the same as doing it once (edits). For other calls an answer that
    was lost after the request went out becomes OutcomeUnknown; errors from before that stay passing.
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
    """Seconds that Telegram asks to wait (a number or a timedelta, as the library is set up)."""
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
    # Answers with a status of 5xx and a wrong token say that nothing was done, except a gateway's that
    # gave up waiting for the answer. The base class stands for an answer that cannot be read.
    return "gateway timeout" in error.message.lower() or type(error) is TelegramError or cause is not None
