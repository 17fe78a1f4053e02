"""A program whose date can be turned back and forward while it runs, by a library in front of libc's."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_suffix(".c")


class TurnedClock:
    """`env` is laid over the environment of the program. Needs a C compiler; the test is skipped without."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            pytest.skip("there is no C compiler for the library that turns a program's clock")
        library = folder / "turned_clock.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, _SOURCE], check=True)
        self._file = folder / "turned_clock"
        self.turn(0.0)
        self.env = {"LD_PRELOAD": str(library), "TURNED_CLOCK": str(self._file)}

    def turn(self, seconds: float) -> None:
        """From now on the program's date is off by so many seconds."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("d", seconds))
