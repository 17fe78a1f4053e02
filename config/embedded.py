"""The URL of the embedded Redis: `make run` and the demo leave it in a file, where other commands find it."""

import os
import secrets
from pathlib import Path

_NAME = "url"


def published(folder: Path) -> str:
    """Return the URL of the Redis that keeps its data in `folder`; "" where no URL was left there."""
    try:
        return (folder / _NAME).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def publish(folder: Path, url: str) -> None:
    """Leave the URL for other commands. Only the same user can read it, as it holds the password."""
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder / _NAME, f"{url}\n")


def withdraw(folder: Path, url: str) -> None:
    """Remove the URL, unless another Redis has left its own URL there since."""
    if published(folder) == url:
        (folder / _NAME).unlink(missing_ok=True)


def drawn_once(file: Path) -> str:
    """Return the secret in a file. The first call draws it, so each directory has a secret of its own."""
    if file.is_file() and (kept := file.read_text(encoding="utf-8").strip()):
        return kept
    drawn = secrets.token_urlsafe(24)
    write_private(file, drawn)
    return drawn


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(file)
