"""The terminal output of Darkroom on one machine: few lines, none of them torn apart."""

import re
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TextIO

from honcho.manager import SYSTEM_PRINTER_NAME
from honcho.printer import Message, Printer

from config.logs.printable import printable

_STOPPED = re.compile(r"(?P<name>\S+) stopped \(rc=(?P<code>-?\d+)\)")
_FAREWELL = re.compile(rb"\s*|worker: Warm shutdown.*\s*")
"""What a worker prints when it is asked to stop."""
_ORDERLY = {0, -2, -15, 130, 143}
"""Exit codes of a process that was asked to stop."""


class Console(Printer):  # type: ignore[misc] # honcho has no annotations
    """Honcho's printer without its own messages, except when a process ends unasked."""

    def __init__(self, output: TextIO = sys.stdout) -> None:
        super().__init__(output)
        # Honcho's signal handlers print too, whatever the interrupted thread was doing.
        self._writing = threading.RLock()
        self._stopping = False

    def write(self, message: Any) -> None:
        """Print the lines of a message; of honcho's own messages only the unexpected end of a process."""
        if message.name != SYSTEM_PRINTER_NAME:
            if not (self._stopping and _FAREWELL.fullmatch(message.data)):
                self._print(message)
            return
        if message.data.endswith(" received\n"):
            self._stopping = True
            self.say("stopping ...")
        if not (stopped := _STOPPED.match(message.data)):
            return
        code = int(stopped["code"])
        if self._stopping and code in _ORDERLY:
            return
        self.say(f"{stopped['name']} has ended ({_reason(code)}); everything is stopped.")
        self._stopping = True

    def say(self, text: str, name: str = "darkroom") -> None:
        """Print a line of the console itself."""
        self._print(Message("line", text, datetime.now().astimezone(), name, None))

    def job(self, text: str) -> None:
        """Print the line of a finished job."""
        self.say(printable(text), "job")

    def box(self, lines: Sequence[str]) -> None:
        """Print lines in a frame, with an empty line before and after it."""
        lines = [printable(line) for line in lines]
        width = max(map(len, lines))
        top, side, bottom = ("┌─┐", "│", "└─┘") if _is_unicode(self.output) else ("+-+", "|", "+-+")
        framed = [
            top[0] + top[1] * (width + 2) + top[2],
            *(f"{side} {line:<{width}} {side}" for line in lines),
            bottom[0] + bottom[1] * (width + 2) + bottom[2],
        ]
        with self._writing:
            print("\n" + "\n".join(framed) + "\n", file=self.output, flush=True)

    def _print(self, message: Any) -> None:
        """Print a message without the control characters that a prompt or a user's name may contain."""
        text = message.data if isinstance(message.data, str) else message.data.decode(errors="replace")
        shown = "\n".join(printable(line, keep="\t") for line in text.rstrip("\r\n").split("\n"))
        with self._writing:
            super().write(message._replace(data=shown))


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _is_unicode(output: TextIO) -> bool:
    return (output.encoding or "").lower().replace("-", "").startswith("utf")
