"""README.md, its neighbours and docs/ name only what there is: links, files, commands, models, prices."""

import re
import tomllib
from pathlib import Path

import pytest
from documents import anchor, documents_of, problems, reached, read

from config.catalogue import load_catalogue
from config.settings import ROOT, Settings
from sandbox.install import NEWEST, OLDEST


def test_the_documents_name_only_what_there_is() -> None:
    """Given this repository, every link, anchor, picture, path, make target and module named exists."""
    assert problems(ROOT) == []


def test_the_readme_leads_to_every_page() -> None:
    """Given all documents, links lead from the README to each of them."""
    assert set(documents_of(ROOT)) - reached(ROOT / "README.md") == set()


def test_what_the_demo_needs_is_as_the_readme_says() -> None:
    """Given the demo's requirements and its oldest and newest Python, the README has these numbers."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pins = re.findall(
        r"^[\w.-]+==", (ROOT / "requirements-demo.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert re.findall(r"(\d+)\s+packages", text) == [str(len(pins))]
    pythons = {tuple(map(int, each)) for each in re.findall(r"3\.(\d+) to 3\.(\d+)", text)}
    assert pythons == {(OLDEST[1], NEWEST[1])}


def test_the_price_table_is_the_catalogue() -> None:
    """Given the catalogue, the README has each model's price and typical time, and no other model."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (picture|video)[^|]* \| \$([\d.]+) \| (\d+) s \|$", text, re.MULTILINE)
    kinds = {"image": "picture", "video": "video"}
    models = load_catalogue(Settings()).models.values()
    assert [(title, kind, float(price), float(took)) for title, kind, price, took in rows] == [
        (each.title, kinds[each.kind], each.price_usd, each.typical_s) for each in models
    ]


def test_the_model_to_add_is_one_that_the_catalogue_takes(tmp_path: Path) -> None:
    """Given the catalogue and the README's example under it, I expect one model more."""
    examples = [text for info, text in read(ROOT / "README.md").blocks if info == "toml"]
    assert examples
    before = (ROOT / "config/models.toml").read_text(encoding="utf-8")
    file = tmp_path / "models.toml"
    file.write_text("\n".join([before, *examples]), encoding="utf-8")
    added = {name for text in examples for name in tomllib.loads(text)}
    assert set(load_catalogue(Settings(models_file=str(file))).models) == {*tomllib.loads(before), *added}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small repository whose documents are right."""
    files = {
        "Makefile": "demo: setup\nNAME := x\nsetup:\n",
        "README.md": "# A b!\n[a](docs/more.md#a-b-1) [b](#a-b) ![c](docs/p.png) `docs/more.md`\n",
        "docs/more.md": "# A `b`\n## A b\n```\n# a\npython -m tool > out.md\npython -m tool.part\n```\n",
        "docs/p.png": "",
        "tool/__main__.py": "",
        "tool/part.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_repository_that_is_right_has_no_problems(repository: Path) -> None:
    """Given right documents, nothing is found: the two headings of one name have two anchors."""
    assert problems(repository) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[gone](docs/gone.md)", "docs/gone.md leads nowhere"),
        ("[outside](../README.md)", "../README.md leads nowhere"),
        ("[heading](docs/more.md#c)", "docs/more.md#c names no heading"),
        ("[third](docs/more.md#a-b-2)", "docs/more.md#a-b-2 names no heading"),
        ("[comment](docs/more.md#a)", "docs/more.md#a names no heading"),
        ("[here](#gone)", "#gone names no heading"),
        ("[by name][x]\n\n[x]: gone.md", "gone.md leads nowhere"),
        ("![picture](docs/gone.png)", "docs/gone.png leads nowhere"),
        ('<picture><source srcset="docs/dark.png"></picture>', "docs/dark.png leads nowhere"),
        ("`tool/gone.py`", "no file tool/gone.py"),
        ("`tool/gone`", "no file tool/gone"),
        ("`gone.toml`", "no file gone.toml"),
        ("text\n\n    sh docs/gone.sh", "no file docs/gone.sh"),
        ("`make gone`", "no target gone in the Makefile"),
        ("`X=1 make Y=2 gone`", "no target gone in the Makefile"),
        ("`make demo`, and `X=1 make setup`", None),
        ("`make` and `gone`", None),
        ("`python -m tool.gone`", "no module tool.gone to run"),
        ("`python3 -m no_such_tool`", "no module no_such_tool to run"),
        ("`[not a link](gone.md)`", None),
        ("`s3://bucket/prefix` `/image` `data/media` `owner/model` <https://example.org/x.md>", None),
        ("to make nothing of it", None),
    ],
)
def test_what_is_not_there_is_found(repository: Path, line: str, problem: str | None) -> None:
    """Given one more line in a README that is right, I expect just what it names and is not there."""
    with (repository / "README.md").open("a", encoding="utf-8") as readme:
        readme.write(f"\n{line}\n")
    assert problems(repository) == ([f"README.md: {problem}"] if problem else [])


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Run it for real", "run-it-for-real"),
        ("The append-only file: `always` or `everysec`", "the-append-only-file-always-or-everysec"),
        ("A & B", "a--b"),
        ("make_up, don't", "make_up-dont"),
        ("Как это", "как-это"),
    ],
)
def test_an_anchor_is_githubs(heading: str, expected: str) -> None:
    """Small letters, hyphens for spaces, no punctuation but hyphens and underscores."""
    assert anchor(heading.replace("`", "")) == expected
