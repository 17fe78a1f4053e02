"""Checks of messages on the broker, before Celery sees them. Pure.

Celery and kombu trust every publisher to send messages of their own shape. Some other shapes end the worker,
and some are unpacked into gigabytes first.
"""

import base64
import binascii
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from outside import shape

OTHER = "other"
"""Queue name in metrics and logs for messages of no lane: events, commands to workers, and their replies."""
LARGEST = 64 * 1024
"""Most bytes of a message in a lane: it carries an id and Celery's headers."""
TASKS: Mapping[str, tuple[type, ...]] = {"generate": (str,), "deliver": (str,), "broadcast": (str, int)}
"""The tasks that are run, with the types of their arguments. No other task is."""
_LONGEST = 200
"""Most characters of a name or an argument."""
_NAMED: Mapping[str, tuple[type, ...]] = {
    "id": (str,),
    "lang": (str, type(None)),
    "shadow": (str, type(None)),
    "group": (str, type(None)),
    "group_index": (int, type(None)),
    "root_id": (str, type(None)),
    "parent_id": (str, type(None)),
    "origin": (str, type(None)),
    "argsrepr": (str, type(None)),
    "kwargsrepr": (str, type(None)),
    "retries": (int, type(None)),
    "replaced_task_nesting": (int, type(None)),
    "ignore_result": (bool, type(None)),
    "stamps": (dict, type(None)),
    "stamped_headers": (list, type(None)),
}
"""The headers that Celery reads, with the types that Celery writes."""


class Wrong(StrEnum):
    """Why a message is refused."""

    SIZE = "size"
    JSON = "json"
    SHAPE = "shape"
    CONTENT = "content"  # not JSON inside, or compressed
    TASK = "task"  # no task of ours
    ARGUMENTS = "arguments"  # the arguments do not fit the task


class Unsound(Exception):
    """A message is refused. The error's text may be logged: it has nothing of the message in it."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__(wrong)
        self.wrong = wrong


def check_task(raw: bytes) -> None:
    """Raise Unsound unless this is a message of a lane for one of our tasks."""
    if len(raw) > LARGEST:
        raise Unsound(Wrong.SIZE)
    message = _envelope(raw)
    headers = message["headers"]
    if not isinstance(headers.get("task"), str) or headers["task"] not in TASKS:
        raise Unsound(Wrong.TASK)
    _require(all(isinstance(headers.get(name), kinds) for name, kinds in _NAMED.items()), Wrong.SHAPE)
    _require(0 < len(headers["id"]) <= _LONGEST, Wrong.SHAPE)
    # Our messages have neither a start time nor an expiry. A worker would keep a message with a start time in
    # its memory until then.
    _require(headers.get("eta") is None and headers.get("expires") is None, Wrong.SHAPE)
    _require(headers.get("timelimit") in (None, [None, None]), Wrong.SHAPE)
    _check_arguments(_body(message), TASKS[headers["task"]])


def check_other(raw: bytes) -> None:
    """Raise Unsound unless this is a message of Celery's own: a command to a worker, a reply or an event."""
    message = _envelope(raw)
    _require(isinstance(_body(message), dict | list), Wrong.SHAPE)


def check_kept(raw: bytes) -> None:
    """Raise Unsound unless this is how kombu keeps a message that was taken and not acknowledged."""
    kept = _parsed(raw)
    _require(isinstance(kept, list) and len(kept) == 3, Wrong.SHAPE)
    message, exchange, key = kept
    _require(isinstance(exchange, str) and isinstance(key, str), Wrong.SHAPE)
    _check_envelope(message)


def _envelope(raw: bytes) -> dict[str, Any]:
    message = _parsed(raw)
    _check_envelope(message)
    found: dict[str, Any] = message
    return found


def _check_envelope(message: Any) -> None:
    """Check what kombu reads of every message."""
    _require(isinstance(message, dict), Wrong.SHAPE)
    headers, properties = message.get("headers"), message.get("properties")
    _require(isinstance(headers, dict) and isinstance(properties, dict), Wrong.SHAPE)
    delivery, priority = properties.get("delivery_info"), properties.get("priority", 0)
    _require(isinstance(delivery, dict) and isinstance(priority, int | None), Wrong.SHAPE)
    names = (properties.get("delivery_tag"), delivery.get("exchange"), delivery.get("routing_key"))
    _require(all(isinstance(name, str) and len(name) <= _LONGEST for name in names), Wrong.SHAPE)
    _require(bool(names[0]), Wrong.SHAPE)
    optional = (properties.get("correlation_id"), properties.get("reply_to"))
    _require(all(isinstance(name, str | None) for name in optional), Wrong.SHAPE)
    kind = (message.get("content-type"), message.get("content-encoding"))
    _require(kind in (("application/json", "utf-8"), ("application/json", "binary")), Wrong.CONTENT)
    _require(properties.get("body_encoding") == "base64", Wrong.CONTENT)
    _require(not headers.get("compression"), Wrong.CONTENT)


def _body(message: dict[str, Any]) -> Any:
    body = message.get("body")
    _require(isinstance(body, str) and body.isascii(), Wrong.SHAPE)
    try:
        return _parsed(base64.b64decode(str(body), validate=True))
    except binascii.Error:
        raise Unsound(Wrong.CONTENT) from None


def _check_arguments(body: Any, kinds: tuple[type, ...]) -> None:
    """Check a body: positional arguments, keyword arguments, and what to run afterwards. Our tasks have only
    the first."""
    _require(isinstance(body, list) and len(body) == 3, Wrong.SHAPE)
    given, named, beside = body
    _require(isinstance(given, list) and named == {}, Wrong.ARGUMENTS)
    _require(isinstance(beside, dict) and not any(beside.values()), Wrong.ARGUMENTS)
    _require([type(one) for one in given] == list(kinds), Wrong.ARGUMENTS)
    _require(all(not isinstance(one, str) or 0 < len(one) <= _LONGEST for one in given), Wrong.ARGUMENTS)
    _require(all(not isinstance(one, str) or one == shape.clean(one) for one in given), Wrong.ARGUMENTS)


def _parsed(text: bytes) -> Any:
    try:
        value = shape.parsed(text)
    except ValueError:
        raise Unsound(Wrong.JSON) from None
    # kombu would decode such values into objects.
    _require(not _typed(value), Wrong.CONTENT)
    return value


def _typed(value: Any) -> bool:
    if isinstance(value, dict):
        return "__type__" in value or any(map(_typed, value.values()))
    return isinstance(value, list) and any(map(_typed, value))


def _require(sound: bool, wrong: Wrong) -> None:
    if not sound:
        raise Unsound(wrong)
