"""The settings of a process, read from the environment, `.env` and secret files, and checked.

`python -m config` prints `.env.example` from the declarations, so the two cannot drift apart.
"""

import logging
import math
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import environ

from config import env_file as lines
from config import rules, webhooks
from config.declared import EMBEDDED_REDIS_DIR, ROOT, Settings, SettingsError
from config.embedded import published
from config.secret_files import secret_from_file

__all__ = ["ROOT", "Settings", "SettingsError", "env_file_of", "example", "load", "read", "require"]
_YES = frozenset(environ.Env.BOOLEAN_TRUE_STRINGS)
_TOKEN = re.compile(r"\d+:[\w-]{30,}|r8_\w{8,}|whsec_[\w+/=]+")
"""Tokens to mask in messages: somebody may have put a token into the wrong setting."""
_NO = frozenset({"false", "off", "n", "no", "0"})
# This logger repeats lines that it cannot read, which may hold secrets. `config.env_file` reports such lines.
logging.getLogger("environ.environ").setLevel(logging.CRITICAL)


def load(
    environment: Mapping[str, str] | None = None, env_file: Path | None = None, *, receives: bool = True
) -> Settings:
    """Read the settings from the environment and `.env`; the environment has precedence.

    `.env` is the file in the working directory, or the one that ENV_FILE names. A secret X may instead be in
    a file that X_FILE names.

    Args:
        receives: Whether this process receives webhooks of Telegram and the providers. Other processes do not
            need the secrets that prove webhooks genuine.

    Raises:
        SettingsError: Has a line with a sentence for each variable that is wrong.
    """
    settings, problems = read(environment, env_file, receives=receives)
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def read(
    environment: Mapping[str, str] | None = None, env_file: Path | None = None, *, receives: bool = True
) -> tuple[Settings, list[str]]:
    """Read the settings; return them, and a sentence for each variable that is wrong.

    A variable that cannot be read has its default. Settings with errors serve only to find further errors.
    """
    source = dict(os.environ if environment is None else environment)
    file = env_file or env_file_of(source)
    values, problems = _values(source, file)
    if not values.get("redis_url"):
        values["redis_url"] = published(file.parent / values.get("embedded_redis_dir", EMBEDDED_REDIS_DIR))
    settings = Settings(**values)
    wanted = (*(webhooks.receiving(settings) if receives else ()), *rules.of(settings))
    problems += [sentence for holds, sentence in wanted if not holds]
    return settings, [_TOKEN.sub("***", problem) for problem in problems]


def env_file_of(environment: Mapping[str, str]) -> Path:
    """Return the path of the `.env` file: ENV_FILE, or the file in the working directory."""
    return Path(environment.get("ENV_FILE") or ".env")


def _values(source: dict[str, str], file: Path) -> tuple[dict[str, Any], list[str]]:
    problems = list(lines.read_file(file).problems)
    env = _reader(source, file)
    types = get_type_hints(Settings)
    values: dict[str, Any] = {}
    for spec in fields(Settings):
        name, kind = spec.name.upper(), types[spec.name]
        raw = env.ENVIRON.get(name, "")
        try:
            if spec.metadata["secret"] and (secret := secret_from_file(name, env.ENVIRON)):
                values[spec.name] = secret
            elif raw.strip():
                values[spec.name] = _cast(env.get_value(name), kind)
        except SettingsError as error:
            problems.append(str(error))
        except (ValueError, environ.ImproperlyConfigured):
            problems.append(f"{name} must be {_kind(kind)}, not {raw!r}.")
    return values, problems


def _cast(text: str, kind: Any) -> Any:
    """Return the value of a setting. Raises ValueError for a text that is not of this kind."""
    if kind is bool:
        if (word := text.strip().lower()) not in _YES | _NO:
            raise ValueError(text)
        return word in _YES
    if kind is float and not math.isfinite(float(text)):
        raise ValueError(text)
    return kind(text) if kind in (int, float, str) else tuple(map(int, text.split(",")))


def require(settings: Settings, *names: str) -> None:
    """Raise SettingsError, which names the first of these settings that is empty, if there is one."""
    for name in names:
        if not getattr(settings, name):
            about = next(spec.metadata["about"] for spec in fields(settings) if spec.name == name)
            raise SettingsError(f"{name.upper()} is not set ({about}); put it into .env or the environment.")


def example() -> str:
    """Return the text of `.env.example`: every setting with its default, its meaning and its unit."""
    lines = [
        "# Every setting of Darkroom with its default. Written by `python -m config`: edit there.",
        "# A secret X may be kept in a file instead: X_FILE=/run/secrets/x",
    ]
    for spec in fields(Settings):
        unit = f" [{spec.metadata['unit']}]" if spec.metadata["unit"] else ""
        value = "" if spec.default in ("", ()) else spec.default
        secret = " (secret)" if spec.metadata["secret"] else ""
        lines += ["", f"# {spec.metadata['about']}{unit}{secret}", f"{spec.name.upper()}={value}"]
    return "\n".join(lines) + "\n"


def _reader(source: dict[str, str], env_file: Path) -> Any:
    # django-environ reads into a class attribute, by default os.environ. A class of our own leaves the
    # environment of the process unchanged.
    reader: Any = type("Environment", (environ.Env,), {"ENVIRON": source})
    with suppress(UnicodeDecodeError):  # reported as an error of the file
        reader.read_env(str(env_file), overwrite=False)
    return reader()


def _kind(wanted: type) -> str:
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return kinds.get(wanted, "numbers between commas")
