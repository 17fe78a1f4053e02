"""One tower for all stories: each leaves everything running."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .tower import Tower, built


@pytest.fixture(scope="package")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tower]:
    """Everything runs, and nothing is wrong."""
    folder: Path = tmp_path_factory.mktemp("tower")
    with built(folder) as started:
        yield started
