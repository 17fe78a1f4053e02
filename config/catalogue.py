"""The catalogue of models: `models.toml`, read into frozen objects. A new model is a few lines there."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from config.budgets import PERIODS, RESERVED, unknown
from config.settings import ROOT, Settings, SettingsError

KINDS = ("image", "video")


@dataclass(frozen=True, slots=True)
class Option:
    """One option that a user may give.

    Attributes:
        field: The field of the provider's input that gets the value.
        choices: The permitted values; empty for a number between `minimum` and `maximum`.
    """

    name: str
    field: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    default: str | int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the catalogue.

    Attributes:
        reference: The provider's name for the model.
        deadline_s: The time (s) for which a prediction may run.
        typical_s: The usual duration (s) of a prediction, for estimates as long as none were measured.
        price_usd: The list price of one job.
        source_field: The field of the input for the picture to start from; "" for a model that takes none.
        input: Fixed values of the provider's input.
    """

    name: str
    title: str
    kind: str
    provider: str
    reference: str
    deadline_s: float
    typical_s: float
    price_usd: float
    note: str = ""
    source_field: str = ""
    input: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models by name, in the file's order. The first model of a kind is the kind's default."""

    models: Mapping[str, Model]

    def of_kind(self, kind: str) -> tuple[Model, ...]:
        """Return the models of a kind (`image`, `video`), the default one first."""
        return tuple(model for model in self.models.values() if model.kind == kind)

    def default(self, kind: str) -> Model:
        """Return the model for users who have chosen none."""
        return self.of_kind(kind)[0]

    def animator(self) -> Model | None:
        """Return the first video model that starts from a picture; None where the catalogue has none."""
        return next((model for model in self.of_kind("video") if model.source_field), None)

    def budget_names(self) -> tuple[str, ...]:
        """Return the names of providers and models, which budgets may have."""
        return tuple(dict.fromkeys((*(model.provider for model in self.models.values()), *self.models)))

    def longest_deadline(self) -> float:
        """Return the longest deadline of all models (s)."""
        return max(model.deadline_s for model in self.models.values())


def load_catalogue(settings: Settings) -> Catalogue:
    """Read and check the catalogue at MODELS_FILE; a relative path starts at the project's root.

    Raises SettingsError that names the file, the model and the entry.
    """
    file = ROOT / settings.models_file
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"MODELS_FILE: {file} cannot be read ({error.strerror}).") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"MODELS_FILE: {file} is not valid TOML: {error}.") from error
    models = {name: _model(file.name, name, entry) for name, entry in raw.items()}
    catalogue = Catalogue(models)
    for kind in KINDS:
        if not catalogue.of_kind(kind):
            raise SettingsError(f"MODELS_FILE: {file} has no model of kind {kind!r}; add one.")
    if settings.visibility_timeout_s <= catalogue.longest_deadline():
        raise SettingsError(
            f"VISIBILITY_TIMEOUT_S ({settings.visibility_timeout_s}) must be above the longest deadline_s in "
            f"{file} ({catalogue.longest_deadline():g}), or the broker gives running jobs out twice."
        )
    _check_budgets(settings, catalogue)
    return catalogue


def _check_budgets(settings: Settings, catalogue: Catalogue) -> None:
    """Check the names of the budgets against the catalogue. Raises SettingsError."""
    taken = {*RESERVED, *(model.provider for model in catalogue.models.values())} & set(catalogue.models)
    for name in sorted(taken):
        raise SettingsError(
            f"MODELS_FILE: model {name} has a name that stands for something else in budgets; rename it."
        )
    try:
        budgets = settings.budgets()
    except ValueError:
        return  # reported as an error of the setting
    known = catalogue.budget_names()
    for period in PERIODS:
        for name in unknown(budgets.of(period), known):
            raise SettingsError(
                f"BUDGET_{period.upper()}_USD names {name}, which is no provider or model of MODELS_FILE; "
                f"known are {', '.join((*RESERVED, *known))}."
            )


def _model(file: str, name: str, entry: dict[str, Any]) -> Model:
    entry = dict(entry)
    options = entry.pop("options", {})
    try:
        model = Model(
            name=name,
            **entry,
            options={key: _option(key, spec) for key, spec in options.items()},
        )
    except TypeError as error:
        raise SettingsError(f"{file}, model {name}: {_plain(error)}.") from error
    if model.kind not in KINDS:
        raise SettingsError(f"{file}, model {name}: kind must be image or video, not {model.kind!r}.")
    if not isinstance(model.price_usd, int | float) or not 0 <= model.price_usd < 1e6:
        raise SettingsError(
            f"{file}, model {name}: price_usd must be US dollars, 0 or more, not {model.price_usd!r}."
        )
    if model.deadline_s <= 0:
        raise SettingsError(f"{file}, model {name}: deadline_s must be above 0, not {model.deadline_s}.")
    for option in model.options.values():
        if option.choices and option.default is not None and option.default not in option.choices:
            raise SettingsError(
                f"{file}, model {name}: the default of option {option.name} is not among its choices."
            )
    return model


def _option(name: str, spec: dict[str, Any]) -> Option:
    values = dict(spec)
    return Option(name=name, choices=tuple(values.pop("choices", ())), **values)


def _plain(error: TypeError) -> str:
    return str(error).partition("__init__() ")[2] or str(error)
