"""Which tests run together when several processes share them, and in which order they come.

A module's tests stay together, as its fixtures are costly; so do those that use the same fixture of a
package (a whole stack), whatever modules they are in. The latter come first: they take longest, and nobody
should wait for them at the end.
"""

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

_MOST = 8
"""Of the tests' processes: some of them start a whole stack."""


def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: two processes more than there are cores, as tests wait for much."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores + 2, _MOST)


class GroupsAndModules(LoadGroupScheduling):  # type: ignore[misc]
    """Gives out whole groups (`xdist_group`), and of the other tests whole modules."""

    def _split_scope(self, nodeid: str) -> str:
        group: str = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if group == nodeid else group


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupsAndModules | None:
    """Use the scheduler above for `--dist loadgroup`."""
    return GroupsAndModules(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests by the fixtures of their package, and put these first."""
    order: dict[str, int] = {}
    for item in items:
        if shared := _of_a_package(item):
            item.add_marker(pytest.mark.xdist_group(f"{item.path.parent.name}-{shared}"))
            order.setdefault(str(item.path.parent), len(order))
    items.sort(key=lambda item: order.get(str(item.path.parent), len(order)))


def _of_a_package(item: pytest.Item) -> str:
    """The costly fixture that the test shares with other modules; "" where it has none."""
    known = getattr(item, "_fixtureinfo", None)
    definitions = known.name2fixturedefs if known else {}
    return next((name for name, found in definitions.items() if found[-1].scope == "package"), "")
