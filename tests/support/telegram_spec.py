"""The machine-readable Bot API, where it lies beside the checkout: types to check values against."""

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

SPEC_FILE = Path(__file__).parents[3] / "shared" / "specs" / "telegram-bot-api.json"


class Spec:
    """Checks values against the types of the Bot API."""

    def __init__(self, source: Json) -> None:
        self.methods: Json = source["methods"]
        self.types: Json = source["types"]

    def check_answer(self, method: str, result: Any) -> None:
        """AssertionError unless the result is one of the types that the method returns."""
        self._any(self.methods[method]["returns"], result, method)

    def _any(self, names: list[str], value: Any, where: str) -> None:
        problems = []
        for name in names:
            try:
                self.check(name, value, where)
            except AssertionError as problem:
                problems.append(str(problem))
            else:
                return
        raise AssertionError("; ".join(problems))

    def check(self, name: str, value: Any, where: str) -> None:
        """AssertionError that says where, unless the value is of the type."""
        simple: dict[str, Any] = {
            "Integer": int,
            "String": str,
            "Boolean": bool,
            "True": bool,
            "Float": (int, float),
        }
        if name in simple:
            fits = isinstance(value, simple[name]) and (name == "Boolean" or not isinstance(value, bool))
            assert (value is True) if name == "True" else fits, f"{where}: {value!r} is no {name}"
        elif name.startswith("Array of "):
            assert isinstance(value, list), f"{where}: {value!r} is no array"
            for index, item in enumerate(value):
                self.check(name.removeprefix("Array of "), item, f"{where}[{index}]")
        elif self.types[name].get("subtypes"):
            self._any(self.types[name]["subtypes"], value, where)
        else:
            self._object(name, value, where)

    def _object(self, name: str, value: Any, where: str) -> None:
        assert isinstance(value, dict), f"{where}: {value!r} is no {name}"
        fields = {field["name"]: field for field in self.types[name].get("fields", [])}
        missing = [field for field in fields if fields[field]["required"] and field not in value]
        assert not missing, f"{where}: {name} lacks {missing}"
        for key, item in value.items():
            assert key in fields, f"{where}: {name} has no field {key}"
            self._any(fields[key]["types"], item, f"{where}.{key}")


def load_spec() -> Spec | None:
    """Return the spec, or None where the file is missing."""
    return Spec(json.loads(SPEC_FILE.read_text())) if SPEC_FILE.exists() else None
