"""Foreign texts made safe for a terminal: control characters are shown, not obeyed. Pure.

A name, a prompt or a provider's message may contain an escape sequence, a line feed before a text that looks
like a line of the log, or a mark that changes the reading direction.
"""

import unicodedata

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of invisible characters: controls, formats, lone surrogates, line separators."""
_JOINERS = frozenset("\u200c\u200d")
"""Harmless formats, which emoji and some scripts need."""


def printable(text: str, keep: str = "") -> str:
    """Return the text in one line, each control character as its escape sequence: `\\x1b`, `\\n`.

    Args:
        text: A text from outside.
        keep: Control characters that stay as they are, such as the line feeds of a table.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _is_plain(char) or char in keep else _escaped(char) for char in text)


def in_lines(error: object) -> str:
    """Return the text of an error for a command's last message, its control characters except \\n escaped."""
    return printable(str(error), keep="\n")


def quoted(text: str, before: str = "  | ") -> str:
    """Return a text of several lines, each after a mark, so that none can be taken for a line of the log."""
    return "\n".join(before + printable(line, keep="\t") for line in text.split("\n"))


def _is_plain(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in _UNSEEN


def _escaped(char: str) -> str:
    if short := _SHORT.get(char):
        return short
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
