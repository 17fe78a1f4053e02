"""The parameters of a call. Telegram reads them as text, whether they come in a URL, a form or JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stand.telegram.errors import ApiError, bad_request


@dataclass
class Upload:
    """A file of a multipart request, stored at `path`; the dispatcher removes it unless it is adopted."""

    path: Path
    name: str
    size: int
    sha256: str


class Params:
    """Parameters by name, read in the type that the method needs."""

    def __init__(self, values: Mapping[str, Any], uploads: Mapping[str, Upload]) -> None:
        self._values = values
        self.uploads = uploads

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) not in (None, "") or name in self.uploads

    def text(self, name: str) -> str:
        """Return the value as text; "" if it is missing."""
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        return json.dumps(value, ensure_ascii=False)

    def integer(self, name: str, default: int = 0, low: int | None = None, high: int | None = None) -> int:
        """Return a whole number, clamped to low..high.

        Text that is no number counts as 0, as in Telegram's server.
        """
        text = self.text(name).strip()
        if not text:
            return default
        try:
            value = int(text)
        except ValueError:
            value = 0
        if low is not None:
            value = max(low, value)
        return value if high is None else min(high, value)

    def flag(self, name: str) -> bool:
        """Return True for "true", "yes", "1", "t", "y" in any case."""
        return self.text(name).strip().lower() in ("true", "yes", "t", "y", "1")

    def json(self, name: str, what: str) -> Any:
        """Return the decoded JSON value; None if it is missing.

        Raises:
            ApiError: 400 "can't parse {what} JSON object", it is no JSON.
        """
        value = self._values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {what} JSON object") from None

    def required(self, name: str) -> str:
        """Return the text of a parameter for which Telegram has no error text of its own.

        Raises:
            ApiError: 400, it is missing.
        """
        text = self.text(name)
        if not text:
            raise bad_request(f'parameter "{name}" is required')
        return text


def field(source: Mapping[str, Any], name: str, kind: type, required: bool = False) -> Any:
    """Return a field of a JSON object in a parameter, checked like TDLib's JSON reader.

    A missing field is None. Numbers may come as text and text as numbers.

    Raises:
        ValueError: The field has another type, or is missing and required; the message is TDLib's.
    """
    value = source.get(name)
    if value is None:
        if required:
            raise ValueError(f'Can\'t find field "{name}"')
        return None
    if kind is bool and isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    if kind is int and not isinstance(value, bool):
        try:
            return int(value)
        except (TypeError, ValueError):
            raise ValueError(f'Field "{name}" must be a valid Number') from None
    if kind in (list, dict) and isinstance(value, kind):
        return value
    names = {bool: "Boolean", str: "String", list: "Array", dict: "Object", int: "Number"}
    raise ValueError(f'Field "{name}" must be of type {names[kind]}')


def too_large() -> ApiError:
    """Return Telegram's error for an upload above 50 MB (413)."""
    return ApiError(413, "Request Entity Too Large")
