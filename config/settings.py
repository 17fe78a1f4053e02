"""The settings of a process, read from the environment, `.env` and secret files, and checked.

`python -m config` prints `.env.example` from the declarations, so the two cannot drift apart.
"""

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import environ

from config import rules
from config.declared import ROOT, Settings, SettingsError
from config.embedded import published
from config.secret_files import secret_from_file

__all__ = ["ROOT", "Settings", "SettingsError", "check", "example", "load", "require"]


def load(environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
    """Read the settings; the environment goes before `.env`.

    That is the file in the working directory, or the one that ENV_FILE names.
    A secret X may instead be in a file that X_FILE names.
    Raises SettingsError with one sentence that names the variable.
    """
    source = dict(os.environ if environment is None else environment)
    env_file = env_file or Path(source.get("ENV_FILE") or ".env")
    env = _reader(source, env_file)
    types = get_type_hints(Settings)
    values: dict[str, Any] = {}
    for spec in fields(Settings):
        name = spec.name.upper()
        raw = env.ENVIRON.get(name, "")
        if spec.metadata["secret"] and (secret := secret_from_file(name, env.ENVIRON)):
            values[spec.name] = secret
            continue
        if raw.strip() == "":
            continue
        try:
            cast = (lambda text: tuple(map(int, text.split(",")))) if spec.default == () else types[spec.name]
            values[spec.name] = env.get_value(name, cast=cast)
        except (ValueError, environ.ImproperlyConfigured) as error:
            raise SettingsError(f"{name} must be {_kind(types[spec.name])}, not {raw!r}.") from error
    if not values.get("redis_url"):
        folder = values.get("embedded_redis_dir", Settings().embedded_redis_dir)
        values["redis_url"] = published(env_file.parent / folder)
    settings = Settings(**values)
    check(settings)
    return settings


def check(settings: Settings) -> None:
    """Refuse values that contradict each other, before any connection is made."""
    for holds, sentence in rules.of(settings):
        if not holds:
            raise SettingsError(sentence)


def require(settings: Settings, *names: str) -> None:
    """Stop a process that cannot work without these settings, naming the first one that is empty."""
    for name in names:
        if not getattr(settings, name):
            about = next(spec.metadata["about"] for spec in fields(settings) if spec.name == name)
            raise SettingsError(f"{name.upper()} is not set ({about}); put it into .env or the environment.")


def example() -> str:
    """The text of `.env.example`: every setting with its default, its meaning and its unit."""
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
    # django-environ reads into a class attribute, os.environ by default; a class of our own keeps
    # the process environment as it was.
    reader: Any = type("Environment", (environ.Env,), {"ENVIRON": source})
    if env_file.is_file():
        reader.read_env(str(env_file), overwrite=False)
    return reader()


def _kind(wanted: type) -> str:
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return kinds.get(wanted, "numbers between commas")
