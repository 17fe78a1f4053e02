"""The stand: real servers for the demo, the tests and the load runs. Nothing in the product imports it."""

import config  # noqa: F401 - also for programs of the stand that take no settings: it has their files kept private
