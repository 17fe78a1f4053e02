"""`python -m config check`: a check that reports all errors of the configuration at once."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from config import env_file as lines
from config import prompt_rules, strength
from config.catalogue import load_catalogue
from config.settings import ROOT, Settings, SettingsError, env_file_of, read

_TELEGRAM_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{30,}")
_REPLICATE_TOKEN = re.compile(r"r8_[A-Za-z0-9]{8,}")


@dataclass(frozen=True, slots=True)
class ConfigFindings:
    """The findings of a check: `errors` keep Darkroom from working, `warnings` do not."""

    settings: Settings
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def look(environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> ConfigFindings:
    """Check the settings and the files that they name. No connection is made."""
    source = dict(os.environ if environment is None else environment)
    file = env_file or env_file_of(source)
    settings, errors = read(source, file)
    errors += [*_tokens(settings), *_files(settings)]
    warnings = [
        *filter(None, [lines.exposed(file)]),
        *strength.open_here(settings),
        *lines.unknown(lines.read_file(file), known()),
    ]
    return ConfigFindings(settings, tuple(dict.fromkeys(errors)), tuple(warnings))


def known() -> frozenset[str]:
    """Return the names of all settings, and of the variables that name files with secrets (X_FILE)."""
    names = {spec.name.upper() for spec in fields(Settings)}
    return frozenset(
        names | {f"{spec.name.upper()}_FILE" for spec in fields(Settings) if spec.metadata["secret"]}
    )


def report(findings: ConfigFindings) -> str:
    """Return the findings as text, a line for each."""
    errors = [f"error: {error}" for error in findings.errors]
    warnings = [f"warning: {warning}" for warning in findings.warnings]
    end = f"{len(errors)} to mend." if errors else "The configuration is complete."
    return "\n".join([*errors, *warnings, end])


def _tokens(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each token that is missing or looks wrong; no sentence repeats a token."""
    tokens = {"TELEGRAM_TOKEN": settings.telegram_token, "REPLICATE_API_TOKEN": settings.replicate_api_token}
    if missing := [name for name, token in tokens.items() if not token]:
        are, them = ("are", "them") if len(missing) > 1 else ("is", "it")
        yield (
            f"{' and '.join(missing)} {are} not set; put {them} into .env "
            "(@BotFather gives the bot's token, your account at Replicate the other one)."
        )
    if settings.telegram_token and not _TELEGRAM_TOKEN.fullmatch(settings.telegram_token):
        yield "TELEGRAM_TOKEN is no token of a bot (123456:ABC...); copy it again from @BotFather."
    if settings.replicate_api_token and not _REPLICATE_TOKEN.fullmatch(settings.replicate_api_token):
        yield "REPLICATE_API_TOKEN is no token of Replicate (r8_...); copy it again from your account there."


def _files(settings: Settings) -> Iterator[str]:
    try:
        load_catalogue(settings)
    except SettingsError as error:
        yield str(error)
    if settings.prompt_filter_file:
        file = ROOT / settings.prompt_filter_file
        try:
            prompt_rules.parse(file.read_text(encoding="utf-8"))
        except OSError as error:
            yield f"PROMPT_FILTER_FILE: {file} cannot be read ({error.strerror})."
        except ValueError as error:
            yield f"PROMPT_FILTER_FILE: {file}: {error}."
