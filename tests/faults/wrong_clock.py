"""`python tests/faults/wrong_clock.py SECONDS ARGUMENT...`: Celery on a machine whose date is so far off.

In the place of the seconds a file may be named that has them in it: then the date jumps when they change.
"""

import sys
import time
from pathlib import Path

_true = time.time
_off = sys.argv[1]
if Path(_off).is_file():
    time.time = lambda: _true() + float(Path(_off).read_text(encoding="ascii") or 0)
else:
    _seconds = float(_off)
    time.time = lambda: _true() + _seconds
sys.argv = ["celery", *sys.argv[2:]]

# From here on everything that is imported knows no other time.
from celery.__main__ import main  # noqa: E402

main()
