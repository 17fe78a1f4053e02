"""The masking of secrets in texts, in whichever encoding they occur. Pure."""

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from config.redis_urls import passwords_in

MASK = "***"
_DEEPEST = 20
"""Deepest level of nested values; values beyond it are masked as their text."""
_ESCAPING = frozenset("\\%&+")
"""Characters that begin an escape sequence; a text without any of them has none."""
_FEWEST_DIGITS = 5
"""Fewest digits of an encoded secret to look for; shorter runs would occur in texts by chance."""
_PREFIXES = ("whsec_", "r8_")
_KEY_IN_URL = re.compile(r"https?://([^/@:;\s]+)@")
"""The key of a Sentry project, where other URLs have a user. It is a secret: it permits sending reports."""
# No possessive repetition of a group that contains another one: Python before 3.11.5 matches it wrongly.
_SLASHES = r"\\{0,8}+"
"""The backslashes before a character that was escaped up to three times; the bound makes searches linear."""
_BASE64 = r"[A-Za-z0-9+/_-]"


class Masker:
    """A replacer of secrets by `***`.

    It finds secrets in plain text and as JSON, Python, URLs, HTML, hexadecimal digits and Base64 write them.
    The encodings may be mixed or applied twice, and a Base64 text may contain more than the secret.

    Args:
        secrets: The secrets. Longer ones are masked first, so that a secret may contain another one.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._plain = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        escaped = "|".join(map(_escaped, self._plain))
        self._escaped = re.compile(escaped) if escaped else None
        coded = {form for secret in self._plain for form in (*_in_base64(secret), *_in_hex(secret))}
        # Each plain text is looked for first; to run its pattern on every text would be slow.
        self._coded = [(needle, re.compile(pattern)) for needle, pattern in sorted(coded, reverse=True)]

    def text(self, text: str) -> str:
        """Return the text with all secrets masked."""
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
        """Return a value of a log line, masked at all levels. Anything but plain data becomes its text."""
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
    """Return the text of a value, even if its `repr` fails."""
    if isinstance(value, str):
        return value
    try:
        return repr(value)
    except Exception:  # noqa: BLE001, RUF100 - a log line must never cause an error
        return f"<{type(value).__name__} without a text>"


def _escaped(secret: str) -> str:
    """Return a pattern for all ways to write a secret character by character."""
    return "".join(
        # The length of a run of backslashes depends on how often it was escaped.
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
        # "%25" may be an encoded "%", or the beginning of a character that was encoded twice.
        "%(?:25){1,3}" if char == "%" else "".join(f"%(?:25){{0,3}}{byte:02x}" for byte in utf8),
        f"&#0?{code};",
        f"&#x0?{code:x};",
    }
    exact = {char, json.dumps(char)[1:-1].removeprefix("\\"), repr(char)[1:-1].removeprefix("\\")}
    plain = "|".join(sorted(map(re.escape, exact | {html.escape(char)}), key=len, reverse=True))
    space = "|\\+" if char == " " else ""
    return rf"{_SLASHES}(?:(?i:{'|'.join(sorted(ways, key=len, reverse=True))})|{plain}{space})"


def _in_base64(secret: str) -> Iterable[tuple[str, str]]:
    """Yield (text to look for, pattern to replace) for each offset of a secret in groups of three bytes."""
    raw = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        # The first and the last digit may also hold bits of the bytes around the secret.
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
    """Return a secret setting and its parts that are secrets by themselves.

    These are passwords in URLs, each login of a list and its password, the part of a token after its colon,
    and a key after its prefix.
    """
    found = [value, *passwords_in(value), *_KEY_IN_URL.findall(value)]
    if "://" not in value:
        logins = [login.strip() for login in value.split(",")]
        found += [*logins, *(login.partition(":")[2].strip() for login in logins)]
        found += [login.removeprefix(prefix) for login in logins for prefix in _PREFIXES]
    return tuple(dict.fromkeys(part for part in found if part))
