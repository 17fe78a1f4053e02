"""The check of the lines of a `.env` file. No message repeats a value, which may be a secret."""

import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

_LINE = re.compile(r"(?:export )?(?P<name>[A-Za-z_0-9]+)=.*")
_LOOSE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_0-9]+)\s*[=:]")
_ELSEWHERE = re.compile(
    # Read by docker-compose.yml, `make demo`, pip, and the libraries themselves.
    r"(DEMO_PORT|DEMO_HOSTS|ENV_FILE|REDIS_SERVER|HTTPS?_PORT|SECRETS_DIR|DARKROOM_TAG|REDIS_MAXMEMORY|REDIS_MEMORY"
    r"|CACHE_REDIS_MAXMEMORY|CACHE_REDIS_MEMORY|GRAFANA_PORT|PROMETHEUS_KEEP|BACKUP_EVERY|BACKUP_OVERDUE"
    r"|HEALTH_INTERVAL|HEALTH_RETRIES|TMPDIR|TZ|(PIP|OTEL|SENTRY|AWS|COMPOSE|DOCKER|FLOWER|CELERY)_\w+)"
)


@dataclass(frozen=True, slots=True)
class Lines:
    """The names that a file sets, each with its line number, and a sentence for each line that is wrong."""

    names: dict[str, int]
    problems: tuple[str, ...]


def read_file(file: Path) -> Lines:
    """Read a file; a file that does not exist sets nothing."""
    try:
        return read(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Lines({}, ())
    except OSError as error:
        return Lines({}, (f"{file} cannot be read ({error.strerror}).",))
    except UnicodeDecodeError:
        return Lines({}, (f"{file} is no text in UTF-8; save it as such.",))


def exposed(file: Path) -> str:
    """Return a sentence for a file that other users can read; "" where they cannot."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return ""
    if not stat.S_ISREG(mode) or not mode & (stat.S_IRGRP | stat.S_IROTH):
        return ""
    return f"{file} holds secrets, and other users of this machine can read it: chmod 600 {file}"


def read(text: str) -> Lines:
    """Read the text of a file: the names that it sets, and a sentence for each line that is wrong."""
    names: dict[str, int] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if match := _LINE.fullmatch(line):
            names[match["name"]] = number
        elif loose := _LOOSE.match(line.strip()):
            name = loose["name"]
            problems.append(f".env, line {number}: write {name}=value, without spaces around the sign =.")
        else:
            problems.append(f".env, line {number}: this is not NAME=value; put a # before a comment.")
    return Lines(names, tuple(problems))


def unknown(lines: Lines, known: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each name that is no setting, with the most similar name that is one."""
    for name, number in lines.names.items():
        if name in known or _ELSEWHERE.fullmatch(name):
            continue
        near = get_close_matches(name.upper(), known, n=1, cutoff=0.75)
        hint = f" Did you mean {near[0]}?" if near else ""
        yield f".env, line {number}: there is no setting {name}.{hint}"
