"""What Markdown documents name (links, anchors, pictures, files, commands), and what of it is missing."""

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable("table")
MADE_LATER = {".env", ".venv", "data", "secrets"}
"""What is made by running Darkroom, and is not in the repository."""
_IN_HTML = re.compile(r'\b(?:src|srcset|href)="([^"\s]+)[^"]*"')
_ID_IN_HTML = re.compile(r'\b(?:id|name)="([^"]+)"')
_MAKE = re.compile(r"(?:^|&&|;|\|) *(?:\w+=\S* +)*make((?: +\w+=\S*| +[a-z][\w-]*)+)", re.MULTILINE)
_MODULE = re.compile(r"\bpython[\d.]* -m ([\w.]+)")
_PATH = re.compile(r"(?:[\w.-]+/)*[\w.-]+/?")
_FILE = re.compile(
    r"[\w-][\w.-]*\.(?:conf|example|gif|in|json|lua|md|png|po|py|sh|tmpl|toml|txt|ya?ml)$"
    r"|^(?:LICENSE|Makefile|Procfile)$"
)


@dataclass(slots=True)
class Document:
    """What a Markdown file says.

    `targets` are those of its links and pictures, `anchors` what can be linked to in it; `terms` are set as
    code within a line; `blocks` are blocks of code, each with its language ("" where it names none).
    """

    path: Path
    targets: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    terms: list[str] = field(default_factory=list)
    blocks: list[tuple[str, str]] = field(default_factory=list)

    @property
    def commands(self) -> str:
        """All that is set as code, without comments."""
        return "\n".join(map(_without_comments, [*self.terms, *(text for _, text in self.blocks)]))


def read(path: Path) -> Document:
    """Parse a document as GitHub does."""
    document = Document(path)
    tokens = PARSER.parse(path.read_text(encoding="utf-8"))
    for before, token in zip([None, *tokens], tokens, strict=False):
        for each in [token, *(token.children or [])]:
            _collect(each, document)
        if before is not None and before.type == "heading_open":
            document.anchors.add(_unused(anchor(_text(token)), document.anchors))
    return document


def anchor(heading: str) -> str:
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def problems(root: Path) -> list[str]:
    """All that is wrong with the documents of a repository, each as `FILE: WHAT`."""
    documents = {path: read(path) for path in documents_of(root)}
    targets = _make_targets(root)
    found = []
    for path, document in documents.items():
        here = [
            *_broken_links(document, documents, root),
            *(f"no file {name}" for name in _paths(document, root) if not _exists(name, root)),
            *(f"no target {name} in the Makefile" for name in _made(document) if name not in targets),
            *(f"no module {name} to run" for name in _modules(document) if not _runs(name, root)),
        ]
        found += [f"{path.relative_to(root)}: {each}" for each in here]
    return found


def documents_of(root: Path) -> Iterator[Path]:
    """The documents of a repository that are held to it."""
    yield from sorted(root.glob("*.md"))
    yield from sorted((root / "docs").rglob("*.md"))


def reached(start: Path) -> set[Path]:
    """Return the documents to which the links of `start` lead, and theirs, `start` among them."""
    found = set()
    ahead = [start.resolve()]
    while ahead:
        here = ahead.pop()
        if here in found:
            continue
        found.add(here)
        targets = {urlsplit(target).path for target in read(here).targets}
        linked = ((here.parent / unquote(target)).resolve() for target in targets if target)
        ahead += [path for path in linked if path.suffix == ".md" and path.exists()]
    return found


def _collect(token: Token, document: Document) -> None:
    match token.type:
        case "link_open":
            document.targets.append(str(token.attrs["href"]))
        case "image":
            document.targets.append(str(token.attrs["src"]))
        case "html_block" | "html_inline":
            document.targets += _IN_HTML.findall(token.content)
            document.anchors |= set(_ID_IN_HTML.findall(token.content))
        case "code_inline":
            document.terms.append(token.content)
        case "code_block" | "fence":
            document.blocks.append((token.info, token.content))


def _text(inline: Token) -> str:
    return "".join(each.content for each in inline.children or [] if each.type in ("text", "code_inline"))


def _unused(name: str, taken: set[str]) -> str:
    numbered = (f"{name}-{number}" for number in range(1, len(taken) + 2))
    return next(each for each in (name, *numbered) if each not in taken)


def _broken_links(document: Document, documents: dict[Path, Document], root: Path) -> Iterator[str]:
    for target in document.targets:
        url = urlsplit(target)
        if url.scheme or url.netloc:
            continue
        file = (document.path.parent / unquote(url.path)).resolve() if url.path else document.path
        if not file.is_relative_to(root.resolve()) or not file.exists():
            yield f"{target} leads nowhere"
        elif url.fragment and (file not in documents or url.fragment not in documents[file].anchors):
            yield f"{target} names no heading"


def _paths(document: Document, root: Path) -> Iterator[str]:
    """The words set as code that look like paths in the repository.

    A file name without a folder counts within a line only: in a block it may be what the command writes.
    """
    entries = {each.name for each in root.iterdir()}
    names = {word for term in document.terms for word in term.split() if _FILE.fullmatch(word)}
    words = {word.strip("\"'(),;:") for word in document.commands.split()}
    for word in sorted(names | {each for each in words if "/" in each and _PATH.fullmatch(each)}):
        first = word.partition("/")[0]
        if first not in MADE_LATER and (first in entries or _FILE.search(word)):
            yield word


def _exists(name: str, root: Path) -> bool:
    """Whether the repository has a path; a bare file name may stand in any of its folders."""
    if (root / name).exists():
        return True
    return "/" not in name and any(
        each.is_file()
        for top in root.iterdir()
        if top.is_dir() and top.name not in MADE_LATER and not top.name.startswith(".")
        for each in top.rglob(name)
    )


def _made(document: Document) -> Iterator[str]:
    for words in _MAKE.findall(document.commands):
        yield from (word for word in words.split() if "=" not in word)


def _make_targets(root: Path) -> set[str]:
    return set(
        re.findall(r"^([\w./-]+):(?!=)", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )


def _modules(document: Document) -> Iterator[str]:
    yield from (name.rstrip(".") for name in _MODULE.findall(document.commands))


def _without_comments(code: str) -> str:
    return re.sub(r"(^|\s)#.*", "", code, flags=re.MULTILINE)


def _runs(name: str, root: Path) -> bool:
    path = root.joinpath(*name.split("."))
    if (root / path.relative_to(root).parts[0]).is_dir():
        return path.with_suffix(".py").exists() or (path / "__main__.py").exists()
    return importlib.util.find_spec(name.partition(".")[0]) is not None
