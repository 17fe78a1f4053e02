"""`python -m config > .env.example` writes the example from the declared settings.

`python -m config check` prints all errors of the configuration; its exit code is 0 where there are none.
"""

import sys
from collections.abc import Sequence

from config.checking import look, report
from config.logs.printable import printable
from config.settings import example

LINES = "\n"
USAGE = "usage: python -m config [check]"


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 1 for a configuration with errors, 2 for unknown arguments."""
    if not arguments:
        sys.stdout.write(example())
        return 0
    if list(arguments) != ["check"]:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    findings = look()
    sys.stdout.write(f"{printable(report(findings), keep=LINES)}\n")
    return 1 if findings.errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
