"""`python -m deploy.sbom > sbom.json`: the software bill of materials of an installation (CycloneDX, JSON).

It lists the pinned requirements, with the hashes that pip checks. The same requirements give the same
document, so that two documents can be compared.
"""

import re
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements.txt", "requirements-extras.txt")
"""The requirements of an installation, without the tools for development."""
_PIN = re.compile(r"(?P<name>[\w.-]+)(?:\[[^]]*\])?==(?P<version>[^\s;]+)(?P<rest>.*)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def main() -> int:
    """Write the document to the standard output and return the exit code."""
    sys.stdout.write(document([(ROOT / name).read_text(encoding="utf-8") for name in REQUIREMENTS]))
    return 0


def document(requirements: Sequence[str]) -> str:
    """Return the CycloneDX document for the contents of requirements files. Pure."""
    components = {str(each.purl): each for text in requirements for each in _components(text)}
    bom = Bom(components=[components[purl] for purl in sorted(components)])
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(requirements))
    bom.metadata.timestamp = datetime.fromtimestamp(0, UTC)
    bom.metadata.component = Component(name="darkroom", type=ComponentType.APPLICATION, bom_ref="darkroom")
    bom.register_dependency(bom.metadata.component, components.values())
    made = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
    return made.output_as_string(indent=2) + "\n"


def _components(text: str) -> Iterator[Component]:
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if pin := _PIN.match(line):
            name, version = re.sub(r"[-_.]+", "-", pin["name"]).lower(), pin["version"]
            purl = PackageURL("pypi", name=name, version=version)
            hashes = [
                HashType(alg=HashAlgorithm.SHA_256, content=each) for each in _HASH.findall(pin["rest"])
            ]
            yield Component(
                name=name,
                version=version,
                type=ComponentType.LIBRARY,
                purl=purl,
                bom_ref=str(purl),
                hashes=hashes,
            )


if __name__ == "__main__":
    sys.exit(main())
