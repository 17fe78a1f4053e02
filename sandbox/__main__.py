"""`python -m sandbox`: run Darkroom on this machine. Without options it is the demo with its chat page.

--once TEXT --out DIR   send one message through the whole stack, write the media to DIR, and stop
--run                   the real Telegram and Replicate instead of the stand (settings from .env)
"""

import argparse
import os
import sys
from pathlib import Path

from config.logs.printable import in_lines
from config.settings import SettingsError
from sandbox.demo import demo, run
from sandbox.once import EXIT_FAILED, once


def main() -> int:
    """Run what the options ask for; return 0 only if all of it went well."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--once", metavar="TEXT", help="send this message and stop")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("data/once"), help="where media goes")
    parser.add_argument("--run", action="store_true", help="against the real services")
    options = parser.parse_args()
    try:
        if options.once is not None:
            return once(options.once, options.out)
        return run(os.environ) if options.run else demo(os.environ)
    except (SettingsError, FileNotFoundError, TimeoutError, RuntimeError) as error:
        print(in_lines(error), file=sys.stderr)
        return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
