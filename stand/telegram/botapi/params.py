"""The parameters of one call. Telegram takes them as text, whether they come in a URL, a form or JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stand.telegram.errors import ApiError, bad_request


@dataclass
class Upload:
    """A file of a multipart request, spooled to `path`; the dispatcher removes it unless it is adopted."""

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
        """The value as text, "" where it is missing."""
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        return json.dumps(value, ensure_ascii=False)

    def integer(self, name: str, default: int = 0, low: int | None = None, high: int | None = None) -> int:
        """A whole number, clamped to low..high; what is no number counts as 0, as in Telegram's server."""
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
        """True for "true", "yes", "1", "t", "y" in any case."""
        return self.text(name).strip().lower() in ("true", "yes", "t", "y", "1")

    def json(self, name: str, what: str) -> Any:
        """The decoded JSON value, None where it is missing; 400 "can't parse {what} JSON object" where
        it isn't JSON.
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
        """The text of a parameter that has no error text of its own."""
        text = self.text(name)
        if not text:
            raise bad_request(f'parameter "{name}" is required')
        return text


def field(source: Mapping[str, Any], name: str, kind: type, required: bool = False) -> Any:
    """A field of a JSON object in a parameter, checked as TDLib's JSON reader does; None where it is missing.

    Numbers may come as text and text as numbers; other mismatches raise ValueError with TDLib's words.
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
    """413, Telegram's answer to an upload above 50 MB."""
    return ApiError(413, "Request Entity Too Large")
