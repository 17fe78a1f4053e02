"""The prompt filter: a file of words and expressions that no prompt may have. Off without a file."""

import threading
from pathlib import Path
from re import Pattern

import structlog

from config.prompt_rules import hits, parse
from config.settings import ROOT, SettingsError

__all__ = ["PromptFilter", "hits", "parse"]
log = structlog.get_logger(__name__)


class PromptFilter:
    """The rules of PROMPT_FILTER_FILE, read again when the file changes. Threads may share an instance."""

    def __init__(self, setting: str) -> None:
        """Read the rules.

        Args:
            setting: The file's path, relative to the project's root; "" for no filter.

        Raises:
            SettingsError: The file cannot be read, or a line of it is no rule.
        """
        self._file = ROOT / setting if setting else None
        self._reading = threading.Lock()
        self._rules: list[Pattern[str]] = []
        self._read: tuple[int, int] | None = None
        if self._file is not None:
            try:
                self._read = _version(self._file)
                self._rules = parse(self._file.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise SettingsError(f"PROMPT_FILTER_FILE: {self._file}: {_reason(error)}.") from error

    def refuses(self, prompt: str) -> bool:
        """Return whether a rule forbids the prompt."""
        if self._file is None:
            return False
        with self._reading:
            self._refresh(self._file)
        return hits(self._rules, prompt)

    def _refresh(self, file: Path) -> None:
        try:
            version = _version(file)
        except OSError as error:
            self._keep(None, error)
            return
        if version == self._read:
            return
        try:
            self._rules = parse(file.read_text(encoding="utf-8"))
            self._read = version
            log.info("prompt filter read", rules=len(self._rules))
        except (OSError, ValueError) as error:
            self._keep(version, error)

    def _keep(self, version: tuple[int, int] | None, error: Exception) -> None:
        """Keep the last good rules, and log that once for each version of the file."""
        if version != self._read:
            self._read = version
            log.warning("prompt filter not read, the old rules stay", reason=_reason(error))


def _version(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_size


def _reason(error: Exception) -> str:
    return f"it cannot be read ({error.strerror})" if isinstance(error, OSError) else str(error)
