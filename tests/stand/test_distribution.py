"""The stand as a distribution of its own: what it says of itself is what it is."""

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "stand" / "pyproject.toml").read_text())
MODULES = {"pillow": "PIL", "python-multipart": "python_multipart", "sse-starlette": "sse_starlette"}
"""Distributions that are imported under another name."""


def packages() -> set[str]:
    """The packages that there are, by their names."""
    files = [file for top in ("stand", "own_site") for file in (ROOT / top).rglob("__init__.py")]
    return {".".join(file.parent.relative_to(ROOT).parts) for file in files}


def imported() -> set[str]:
    """The modules of others, outside the standard library, that the stand imports."""
    found = set()
    for top in ("stand", "own_site"):
        for file in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"stand", "own_site"}


def test_it_has_all_its_packages() -> None:
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages()


def test_it_has_what_its_packages_need_beside_python_files() -> None:
    """Given the files that are no modules, I expect each to be among the data of its package."""
    data = PROJECT["tool"]["setuptools"]["package-data"]
    kept = {
        file
        for package, patterns in data.items()
        for pattern in patterns
        for file in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    there = {
        file
        for file in (ROOT / "stand").rglob("*.*")
        if file.suffix in (".toml", ".html", ".css", ".js", ".svg") and file.name != "pyproject.toml"
    }
    assert there == kept


def test_it_asks_for_the_libraries_that_it_imports() -> None:
    asked = {re.split(r"[^\w-]", each)[0] for each in PROJECT["project"]["dependencies"]}
    assert {MODULES.get(each, each) for each in asked} == imported()
