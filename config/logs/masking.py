"""Secrets kept out of texts, in whichever encoding they stand there. Pure."""

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from config.redis_urls import passwords_in

MASK = "***"
_DEEPEST = 20
"""Values that are nested further are taken as their text."""
_ESCAPING = frozenset("\\%&+")
"""A text without any of these has nothing in it that is written another way than it is read."""
_FEWEST_DIGITS = 5
"""Shorter runs of digits would be found in texts that have nothing to do with a secret."""
_PREFIXES = ("whsec_", "r8_")
_KEY_IN_URL = re.compile(r"https?://([^/@:;\s]+)@")
"""Whoever has the key of a Sentry project, which stands where other URLs have a user, can write to it."""
# No possessive repetition of a group that holds another one: Python before 3.11.5 matches it wrongly.
_SLASHES = r"\\{0,8}+"
"""What stands before a character that was escaped up to three times; bounded, so that a search is linear."""
_BASE64 = r"[A-Za-z0-9+/_-]"


class Masker:
    """Puts `***` in the place of secrets.

    It finds them as they are, and as JSON, Python, URLs, HTML, hexadecimal digits and Base64 write them: also
    mixed, escaped twice, and in Base64 in the middle of something longer.

    Args:
        secrets: The values; those that others contain are found in what is left of them.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._plain = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        escaped = "|".join(map(_escaped, self._plain))
        self._escaped = re.compile(escaped) if escaped else None
        coded = {form for secret in self._plain for form in (*_in_base64(secret), *_in_hex(secret))}
        # Plain texts to look for first: a pattern for each text that has none of them would be slow.
        self._coded = [(needle, re.compile(pattern)) for needle, pattern in sorted(coded, reverse=True)]

    def text(self, text: str) -> str:
        """Return the text with each secret masked."""
        if self._escaped and not _ESCAPING.isdisjoint(text):
            text = self._escaped.sub(MASK, text)
        for secret in self._plain:
            if secret in text:
                text = text.replace(secret, MASK)
        for needle, pattern in self._coded:
            if needle in text:
                text = pattern.sub(MASK, text)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return a value of a log line, masked throughout; what is no plain data becomes its text."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if depth < _DEEPEST:
            if isinstance(value, Mapping):
                return {self._key(key): self.value(each, depth + 1) for key, each in value.items()}
            if isinstance(value, list | tuple | set | frozenset):
                return [self.value(each, depth + 1) for each in value]
        return self.text(text_of(value))

    def _key(self, key: Any) -> Any:
        return key if key is None or isinstance(key, bool | int | float) else self.text(text_of(key))


def text_of(value: Any) -> str:
    """Return a value as a log shows it; also of one that fails when it is asked."""
    if isinstance(value, str):
        return value
    try:
        return repr(value)
    except Exception:  # noqa: BLE001, RUF100 - a line of the log is never the reason of an error
        return f"<{type(value).__name__} without a text>"


def _escaped(secret: str) -> str:
    """A pattern for all ways to write a secret character by character."""
    return "".join(
        # What a run of backslashes becomes depends on how often it was escaped.
        rf"(?:\\|(?i:x5c|u005c|%(?:25){{0,3}}5c|&#0?92;|&#x0?5c;|&bsol;)){{1,{8 * len(run)}}}"
        if run.startswith("\\")
        else _char(run)
        for run in re.findall(r"\\+|[^\\]", secret, re.DOTALL)
    )


def _char(char: str) -> str:
    utf8 = char.encode("utf-8", "surrogatepass")
    utf16 = char.encode("utf-16-be", "surrogatepass").hex()
    code = ord(char)
    ways = {
        # A letter outside ASCII, byte by byte or in halves of a surrogate pair.
        _SLASHES.join(f"x{byte:02x}" for byte in utf8),
        _SLASHES.join(f"u{utf16[at : at + 4]}" for at in range(0, len(utf16), 4)),
        f"U{code:08x}",
        f"x{code:02x}",
        # The sign itself may be a digit's: "%25" is read as "%" and the start of what follows.
        "%(?:25){1,3}" if char == "%" else "".join(f"%(?:25){{0,3}}{byte:02x}" for byte in utf8),
        f"&#0?{code};",
        f"&#x0?{code:x};",
    }
    exact = {char, json.dumps(char)[1:-1].removeprefix("\\"), repr(char)[1:-1].removeprefix("\\")}
    plain = "|".join(sorted(map(re.escape, exact | {html.escape(char)}), key=len, reverse=True))
    space = "|\\+" if char == " " else ""
    return rf"{_SLASHES}(?:(?i:{'|'.join(sorted(ways, key=len, reverse=True))})|{plain}{space})"


def _in_base64(secret: str) -> Iterable[tuple[str, str]]:
    """(what to look for, the pattern to replace) for each place of a secret in groups of three."""
    raw = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        # The first and the last digit may also stand for bits of what is around.
        first, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        shared = (before + len(raw)) * 8 % 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            digits = encode(bytes(before) + raw).decode()[first:end]
            if len(digits) >= _FEWEST_DIGITS:
                head = _BASE64 if before else ""
                tail = rf"(?:{_BASE64}={{0,2}})?" if shared else ""
                yield digits, f"{head}{re.escape(digits)}{tail}"


def _in_hex(secret: str) -> Iterable[tuple[str, str]]:
    digits = secret.encode("utf-8", "surrogatepass").hex()
    if len(digits) > _FEWEST_DIGITS:
        yield from ((each, each) for each in (digits, digits.upper()))


def parts_of(value: str) -> tuple[str, ...]:
    """Return what of a secret setting is a secret by itself: passwords in URLs, each login of a list and its
    password, the half of a token behind its colon, a key behind its prefix."""
    found = [value, *passwords_in(value), *_KEY_IN_URL.findall(value)]
    if "://" not in value:
        logins = [login.strip() for login in value.split(",")]
        found += [*logins, *(login.partition(":")[2].strip() for login in logins)]
        found += [login.removeprefix(prefix) for login in logins for prefix in _PREFIXES]
    return tuple(dict.fromkeys(part for part in found if part))
