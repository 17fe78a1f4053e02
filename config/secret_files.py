"""Secrets from files, as Docker and Kubernetes mount them: X_FILE=/run/secrets/x in place of X."""

from collections.abc import Mapping
from pathlib import Path

from config.declared import SettingsError

_REPLACED = "_PREVIOUS"


def secret_from_file(name: str, environment: Mapping[str, str]) -> str:
    """Return the stripped text of the file that `{name}_FILE` names; "" where that variable is not set.

    Raises SettingsError for a file that cannot be read or is empty, and where `name` is set as well. The file
    of a secret that is being replaced (X_PREVIOUS) may be empty, as there usually is no such secret.
    """
    variable = f"{name}_FILE"
    file = environment.get(variable, "").strip()
    if not file:
        return ""
    if environment.get(name, "").strip():
        raise SettingsError(f"{name} and {variable} are both set; keep one of them.")
    try:
        secret = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}: {file} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{variable}: {file} is not a text file.") from error
    if not secret and not name.endswith(_REPLACED):
        raise SettingsError(f"{variable}: {file} is empty; put the secret into it.")
    return secret
