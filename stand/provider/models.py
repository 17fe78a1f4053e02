"""The two models of the stand: their inputs, and the validation that Replicate does before a prediction."""

import dataclasses
import hashlib
from typing import Any, Literal

from stand.provider.http.errors import Problem, invalid_version, not_found

Kind = Literal["image", "video"]
Json = dict[str, Any]

CREATED_AT = "2025-01-01T00:00:00.000000Z"


@dataclasses.dataclass(frozen=True)
class Model:
    """A model with one version; `inputs` are JSON-schema properties, `output` is the schema of its output."""

    owner: str
    name: str
    kind: Kind
    description: str
    steps: int
    inputs: dict[str, Json]
    output: Json

    @property
    def ref(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def version(self) -> str:
        """The version's id: 64 hexadecimal digits that never change."""
        return hashlib.sha256(f"{self.ref}@1".encode()).hexdigest()

    def version_json(self) -> Json:
        """Return the version as `GET /v1/models/{owner}/{name}/versions/{id}` shows it."""
        properties = {key: {"x-order": at, **schema} for at, (key, schema) in enumerate(self.inputs.items())}
        schemas = {
            "Input": {"type": "object", "title": "Input", "required": ["prompt"], "properties": properties},
            "Output": self.output,
        }
        info = {"title": "Cog", "version": "0.1.0"}
        return {
            "id": self.version,
            "created_at": CREATED_AT,
            "cog_version": "0.16.0",
            "openapi_schema": {"openapi": "3.0.2", "info": info, "components": {"schemas": schemas}},
        }

    def json(self, base_url: str, run_count: int) -> Json:
        """Return the model as `GET /v1/models/{owner}/{name}` shows it."""
        return {
            "url": f"{base_url}/{self.ref}",
            "owner": self.owner,
            "name": self.name,
            "description": self.description,
            "visibility": "public",
            "is_official": True,
            "github_url": None,
            "paper_url": None,
            "license_url": None,
            "cover_image_url": None,
            "run_count": run_count,
            "default_example": None,
            "latest_version": self.version_json(),
        }

    def check(self, given: object) -> Json:
        """Return the input with the defaults filled in.

        Raises:
            Problem: 422 "Input validation failed", with every wrong field in `invalid_fields`.
        """
        wrong = (
            [] if isinstance(given, dict) else [_wrong("invalid_type", "input", _expected("object", given))]
        )
        values: Json = dict(given) if isinstance(given, dict) else {}
        if not wrong and "prompt" not in values:
            wrong.append(_wrong("required", "input", "prompt is required"))
        for name, value in values.items():
            if name not in self.inputs:
                detail = f"Additional property {name} is not allowed"
                wrong.append(_wrong("additional_property_not_allowed", "input", detail))
                continue
            wrong += _check_value(f"input.{name}", value, self.inputs[name])
        if wrong:
            lines = "".join(f"- {field['field']}: {field['description']}\n" for field in wrong)
            raise Problem(422, "Input validation failed", lines, invalid_fields=wrong)
        defaults = {name: s["default"] for name, s in self.inputs.items() if "default" in s}
        return defaults | values


def _wrong(kind: str, field: str, description: str) -> Json:
    return {"type": kind, "field": field, "description": description}


def _expected(wanted: str, value: object) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return f"Invalid type. Expected: {wanted}, given: {names.get(type(value), 'null')}"


def _check_value(field: str, value: object, schema: Json) -> list[Json]:
    if schema["type"] == "integer":
        if isinstance(value, bool) or not isinstance(value, int):
            return [_wrong("invalid_type", field, _expected("integer", value))]
        if value < schema["minimum"]:
            return [_wrong("number_gte", field, f"Must be greater than or equal to {schema['minimum']}")]
        if value > schema["maximum"]:
            return [_wrong("number_lte", field, f"Must be less than or equal to {schema['maximum']}")]
        return []
    if not isinstance(value, str):
        return [_wrong("invalid_type", field, _expected("string", value))]
    return _check_text(field, value, schema)


def _check_text(field: str, value: str, schema: Json) -> list[Json]:
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(f'"{choice}"' for choice in schema["enum"])
        return [_wrong("enum", field, f"{field} must be one of the following: {allowed}")]
    if len(value) > schema.get("maxLength", len(value)):
        detail = f"String length must be less than or equal to {schema['maxLength']}"
        return [_wrong("string_lte", field, detail)]
    if len(value) < schema.get("minLength", 0):
        detail = f"String length must be greater than or equal to {schema['minLength']}"
        return [_wrong("string_gte", field, detail)]
    if schema.get("format") == "uri" and not value.startswith(("http://", "https://", "data:")):
        return [_wrong("format", field, "Does not match format 'uri'")]
    return []


def _text(title: str, description: str, **more: Any) -> Json:
    return {"type": "string", "title": title, "description": description, **more}


PROMPT = _text("Prompt", "What to draw, in English or Russian", minLength=1, maxLength=2000)
SEED = {
    "type": "integer",
    "title": "Seed",
    "description": "The same seed gives the same result",
    "minimum": 0,
    "maximum": 2**32 - 1,
}

SKETCH = Model(
    owner="darkroom",
    name="sketch",
    kind="image",
    description="Draws a procedural sketch from the words of a prompt. Not AI: no weights, no network.",
    steps=28,
    inputs={
        "prompt": PROMPT,
        "negative_prompt": _text("Negative prompt", "What to leave out", default="", maxLength=2000),
        "aspect_ratio": _text(
            "Aspect ratio",
            "Width to height",
            default="1:1",
            enum=["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9"],
        ),
        "seed": SEED,
        "output_format": _text(
            "Output format", "The file's format", default="png", enum=["png", "jpg", "webp"]
        ),
    },
    output={"type": "array", "title": "Output", "items": {"type": "string", "format": "uri"}},
)

MOTION = Model(
    owner="darkroom",
    name="motion",
    kind="video",
    description="Draws a procedural clip, or sets a given picture in motion. Not AI: no weights, no network.",
    steps=50,
    inputs={
        "prompt": PROMPT,
        "image": _text("Image", "A picture to set in motion: a URL or a data: URL", format="uri"),
        "aspect_ratio": _text(
            "Aspect ratio", "Width to height", default="16:9", enum=["16:9", "9:16", "1:1"]
        ),
        "seed": SEED,
        "duration": {
            "type": "integer",
            "title": "Duration",
            "description": "Length of the clip in seconds",
            "default": 3,
            "minimum": 2,
            "maximum": 6,
        },
    },
    output={"type": "string", "title": "Output", "format": "uri"},
)

MODELS = (SKETCH, MOTION)


def by_name(owner: str, name: str) -> Model:
    """Return the model of that name.

    Raises:
        Problem: 404, there is no such model.
    """
    for model in MODELS:
        if (model.owner, model.name) == (owner, name):
            return model
    raise not_found()


def by_version(version: object) -> Model:
    """Return the model that a `version` names: an id, `owner/name` or `owner/name:id`.

    Raises:
        Problem: 404 or 422, it names none.
    """
    if not isinstance(version, str) or not version:
        raise Problem(
            422,
            "Input validation failed",
            "- version is required\n",
            invalid_fields=[_wrong("required", "version", "version is required")],
        )
    for model in MODELS:
        if version in (model.version, model.ref, f"{model.ref}:{model.version}"):
            return model
    if "/" in version and ":" not in version:
        raise not_found()
    raise invalid_version()
