"""A client of the stand's control API: simulated users for tests, the one-shot demo and the load runs."""

import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import httpx

Json = dict[str, Any]
PATIENCE_S = 60.0
"""Longest wait (s) unless the caller names one, enough for a busy machine."""


class StandError(Exception):
    """The stand refused an order; the text is its reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status


class TelegramStand:
    """Talks to `python -m stand.telegram` at `base_url`; close it, or use it as a context manager.

    Messages are Telegram's Message objects as dictionaries. `messages` and `wait_message` return the control
    API's ChatMessages, which also have "deleted", "edits", "at" (Unix seconds), "media" and "asks" (the
    placeholder of a ForceReply, or None).
    """

    def __init__(self, base_url: str, timeout: float = PATIENCE_S) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.base_url,
            timeout=timeout,
            trust_env=False,
            verify=False,  # noqa: S501 - plain HTTP; loading the certificates would take longer than a test
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(self, verb: str, path: str, body: Json | None = None, **query: Any) -> Json:
        params = {name: value for name, value in query.items() if value is not None}
        answer = self._http.request(verb, f"/control/{path}", json=body, params=params)
        if answer.is_error:
            try:
                reason = answer.json()["error"]
            except (ValueError, KeyError, TypeError):
                reason = answer.text
            raise StandError(answer.status_code, reason)
        result: Json = answer.json()
        return result

    # -- people and chats
    def new_user(
        self,
        first_name: str = "Ann",
        language_code: str = "en",
        username: str | None = None,
        user_id: int | None = None,
    ) -> int:
        """Create a user; return the id, which is also the id of the private chat with the bot."""
        body = {"first_name": first_name, "language_code": language_code, "username": username, "id": user_id}
        return int(self._call("POST", "users", body)["id"])

    def users(self) -> list[Json]:
        """Return all User objects."""
        return list(self._call("GET", "users")["users"])

    def new_group(
        self, title: str, members: Iterable[int], kind: str = "supergroup", *, open_: bool = False
    ) -> int:
        """Create a "supergroup" or "group" with the bot in it; return its id.

        With `open_` the bot sees all messages there, as with privacy mode off.
        """
        body = {"title": title, "members": list(members), "type": kind, "open": open_}
        return int(self._call("POST", "chats", body)["id"])

    def chats(self) -> list[Json]:
        """Return all chats with their members."""
        return list(self._call("GET", "chats")["chats"])

    def migrate(self, chat: int) -> int:
        """Upgrade a group; return the supergroup's id."""
        return int(self._call("POST", f"chats/{chat}/migrate")["migrated_to"])

    def forbid(self, chat: int, *kinds: str) -> None:
        """Forbid bots to send these kinds to the chat, and allow all others.

        The kinds are "text", "photo", "video", "animation" and "document".
        """
        self._call("POST", f"chats/{chat}/rights", {"forbidden": list(kinds)})

    def topic(self, chat: int, thread: int | None = None, state: str = "open") -> int:
        """Create a topic of a supergroup, or change an existing one; return its thread.

        Args:
            chat: The supergroup.
            thread: The existing topic; None: a new one.
            state: "open", "closed" or "deleted".
        """
        return int(self._call("POST", f"chats/{chat}/topics", {"thread": thread, "state": state})["thread"])

    def block(self, user: int, blocked: bool = True) -> None:
        """Block (or unblock) the bot as this user."""
        self._call("POST", "blocks", {"user": user, "blocked": blocked})

    # -- what users do
    def _write(self, user: int, chat: int | None, reply_to: int | None, content: Json) -> Json:
        return self._call("POST", "messages", {"user": user, "chat": chat, "reply_to": reply_to, **content})

    def send(
        self, user: int, text: str, chat: int | None = None, reply_to: int | None = None, thread: int = 0
    ) -> Json:
        """Write as a user; `chat` defaults to the private chat, `reply_to` is a message id."""
        return self._write(user, chat, reply_to, {"text": text, "thread": thread})

    def send_anonymously(self, user: int, text: str, chat: int, reply_to: int | None = None) -> Json:
        """Write as a group's creator, in the group's name."""
        return self._write(user, chat, reply_to, {"text": text, "anonymous": True})

    def send_as_channel(
        self, user: int, channel: str, text: str, chat: int, *, forwarded: bool = False
    ) -> Json:
        """Write in a group in the name of a channel, given by its title.

        With `forwarded` it is the channel's post, which Telegram repeats in its discussion group.
        """
        return self._write(user, chat, None, {"text": text, "channel": channel, "forwarded": forwarded})

    def sticker(self, user: int, chat: int | None = None, reply_to: int | None = None) -> Json:
        """Send a sticker as a user."""
        return self._write(user, chat, reply_to, {"sticker": True})

    def photo(
        self, user: int, chat: int | None = None, reply_to: int | None = None, caption: str = ""
    ) -> Json:
        """Send a photo as a user."""
        return self._write(user, chat, reply_to, {"photo": True, "caption": caption})

    def edit(self, user: int, message_id: int, text: str, chat: int | None = None) -> Json:
        """Edit a user's own message."""
        return self._call(
            "POST", "edits", {"user": user, "chat": chat, "message_id": message_id, "text": text}
        )

    def delete(self, chat: int, message_id: int) -> None:
        """Delete a message for everybody."""
        self._call("POST", "deletes", {"chat": chat, "message_id": message_id})

    def press(self, user: int, message_id: int, button: str, chat: int | None = None) -> str:
        """Press a button as a user; return the callback query's id.

        `button` is the button's label, or its data if no label matches.
        """
        body = {"user": user, "chat": chat, "message_id": message_id}
        try:
            answer = self._call("POST", "presses", {**body, "text": button})
        except StandError as error:
            if error.status != 404:
                raise
            try:
                answer = self._call("POST", "presses", {**body, "data": button})
            except StandError:
                raise error from None
        return str(answer["callback_query_id"])

    def press_answer(self, callback_id: str, timeout: float = PATIENCE_S) -> Json:
        """Wait until the bot answered the press; return {"answered", "text", "show_alert"}.

        Raises:
            TimeoutError: There was no answer within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            seq = int(self._call("GET", "state")["events"])
            answer = self._call("GET", f"presses/{callback_id}")
            left = deadline - time.monotonic()
            if answer["answered"]:
                return answer
            if left <= 0:
                raise TimeoutError(f"callback query {callback_id} was not answered within {timeout} s")
            self.events(seq, min(left, 5))

    # -- what is in the chats
    def messages(self, chat: int) -> list[Json]:
        """Return the chat's messages, oldest first, deleted ones too."""
        return list(self._call("GET", f"chats/{chat}/messages")["messages"])

    def wait_message(self, chat: int, predicate: Callable[[Json], bool], timeout: float = PATIENCE_S) -> Json:
        """Wait for a message for which `predicate` is true; return the newest.

        Raises:
            TimeoutError: There was none within `timeout` seconds; the message lists the chat's content.
        """
        deadline = time.monotonic() + timeout
        while True:
            seq = int(self._call("GET", "state")["events"])
            held = self.messages(chat)
            for message in reversed(held):
                if not message["deleted"] and predicate(message):
                    return message
            if (left := deadline - time.monotonic()) <= 0:
                raise TimeoutError(
                    f"no such message in chat {chat} within {timeout} s; it holds:\n{_listing(held)}"
                )
            self.events(seq, min(left, 5), chat)

    def file(self, message: Json) -> bytes:
        """Return the content of a ChatMessage's media."""
        if not message.get("media"):
            raise ValueError(f"message {message.get('message_id')} has no media")
        answer = self._http.get(message["media"]["url"])
        answer.raise_for_status()
        return answer.content

    def events(self, after: int = 0, timeout: float = 0, chat: int | None = None) -> Json:
        """Return {"seq", "events"} after a number.

        Wait up to `timeout` seconds (at most 25) for the first event. With `chat` only that chat's events are
        returned. "seq" is the number to continue from.
        """
        return self._call("GET", "events", after=after, timeout=timeout, chat=chat)

    # -- the server
    def fault(self, kind: str, **order: Any) -> int:
        """Order a fault and return its id.

        Args:
            kind: What goes wrong.
            order: method, chat, text (a part of the call's text), times, retry_after, seconds, description.
        """
        return int(self._call("POST", "faults", {"kind": kind, **order})["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that are still to strike, with the `times` that are left."""
        return list(self._call("GET", "faults")["faults"])

    def struck(self, order: int) -> int | None:
        """Return the chat of the latest call that a fault has hit; None if there is none (or long ago)."""
        chat: int | None = self._call("GET", "faults")["struck"].get(str(order))
        return chat

    def clear_faults(self) -> None:
        """Cancel all faults and end the delays of waiting calls."""
        self._call("DELETE", "faults")

    def limits(self, **changes: Any) -> Json:
        """Change flood control and return its settings.

        Args:
            changes: enabled, per_chat_per_s, burst, group_per_min, global_per_s.
        """
        return self._call("POST", "limits", changes)

    def replay(self, update_id: int) -> None:
        """Deliver a past update once more."""
        self._call("POST", "replays", {"update_id": update_id})

    def calls(self, method: str | None = None, chat: int | None = None) -> Json:
        """Return the log of the bots' calls: {"calls", "counts", "refused"}."""
        return self._call("GET", "calls", method=method, chat=chat)

    def commands(self, language_code: str = "") -> list[Json]:
        """Return the bot's commands as its menu shows them in a private chat."""
        return list(self._call("GET", "commands", language_code=language_code)["commands"])

    def state(self) -> Json:
        """Return totals: last_update_id, updates_sent, updates_pending, webhook, messages, ..."""
        return self._call("GET", "state")


def _listing(messages: list[Json]) -> str:
    lines = []
    for message in messages[-20:]:
        what = message["media"]["kind"] if message["media"] else ""
        text = message.get("text") or message.get("caption") or ""
        gone = " (deleted)" if message["deleted"] else ""
        buttons = message["edits"][-1]["buttons"] if message["edits"] else []
        lines.append(
            f"  {message['message_id']} {message['from']['first_name']}: {what} {text!r} {buttons}{gone}"
        )
    return "\n".join(lines) or "  nothing"
