"""`python tests/faults/wrong_clock.py SECONDS ARGUMENT...`: Celery on a machine whose date is so far off."""

import sys
import time

_true = time.time
_off = float(sys.argv[1])
time.time = lambda: _true() + _off
sys.argv = ["celery", *sys.argv[2:]]

# From here on everything that is imported knows no other time.
from celery.__main__ import main  # noqa: E402

main()
