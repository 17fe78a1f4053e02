"""Counts the commands of Redis's clients by name, from the MONITOR stream."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

_LINE = re.compile(rb'^\+(?P<at>\d+\.\d+) \[\d+ (?P<who>[^\]]+)\] "(?P<name>\w+)"(?: "(?P<first>[^"]*)")?')
_JOB_PARTS = re.compile(rb"[0-9a-f]{16,}|\d{4,}|[\w-]+:\d+:[0-9a-f]+")


def commands(path: Path, scripts: Mapping[str, str]) -> Counter[str]:
    """Return the number of commands by name, without those inside scripts.

    A script counts under its own name, a plain command with the pattern of its first key.

    Args:
        path: The recorded stream.
        scripts: SHA-1 -> name of the ledger's scripts.
    """
    found: Counter[str] = Counter()
    with path.open("rb") as file:
        for line in file:
            match = _LINE.match(line)
            if match is None or match["who"] == b"lua":
                continue
            name, first = match["name"].decode().upper(), match["first"] or b""
            if name == "EVALSHA":
                found[f"script {scripts.get(first.decode(), first.decode()[:8])}"] += 1
            else:
                found[f"{name} {_JOB_PARTS.sub(b'*', first).decode(errors='replace')}".strip()] += 1
    return found
