"""Starts Darkroom on the stand, for the demo, the tests and the load runs."""

import config  # noqa: F401 - also for programs that take no settings: it has their files kept private
