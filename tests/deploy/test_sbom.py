"""What an installation is made of, told in a form that others read."""

import json
import re
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from config.settings import ROOT
from deploy.sbom import REQUIREMENTS, document


def texts() -> list[str]:
    return [(ROOT / name).read_text(encoding="utf-8") for name in REQUIREMENTS]


def test_every_pinned_package_is_in_it_with_its_hashes() -> None:
    """Given the pinned requirements, I expect each package once, with its version and all its hashes."""
    made: dict[str, Any] = json.loads(document(texts()))
    found = {(each["name"], each["version"]) for each in made["components"]}
    pins = {
        (re.sub(r"[-_.]+", "-", name).lower(), version)
        for text in texts()
        for name, version in re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;]+)", text, re.MULTILINE)
    }
    assert len(pins) > 30
    assert found == pins
    assert len(made["components"]) == len(pins)
    assert all(each["hashes"] and each["purl"].startswith("pkg:pypi/") for each in made["components"])
    hashes = {each["content"] for one in made["components"] for each in one["hashes"]}
    assert hashes == {digest for text in texts() for digest in re.findall(r"sha256:([0-9a-f]{64})", text)}


def test_the_same_requirements_give_the_same_document() -> None:
    assert document(texts()) == document(texts())
    assert document(texts()[:1]) != document(texts())


def test_it_is_what_the_schema_demands() -> None:
    """Given CycloneDX's own schema where its validator is installed, I expect no error."""
    try:
        problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(document(texts()))
    except ImportError:  # the validator's own libraries are an extra of the package
        assert json.loads(document(texts()))["specVersion"] == "1.6"
    else:
        assert problem is None
