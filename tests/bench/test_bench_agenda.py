"""Deeds are done in the order of their times, whoever plans them and whenever."""

import time

from bench.load.agenda import Agenda


def test_deeds_come_by_their_time_and_may_plan_further_ones() -> None:
    """Given deeds planned out of order, one of which plans another, I expect all of them in order."""
    agenda, done, now = Agenda(), list[str](), time.monotonic()

    def first() -> None:
        done.append("first")
        agenda.plan(now + 0.02, lambda: done.append("second"))

    agenda.plan(now + 0.04, lambda: done.append("third"))
    agenda.plan(now, first)
    agenda.work_off()
    assert done == ["first", "second", "third"]


def test_what_is_planned_for_later_than_the_end_is_left() -> None:
    agenda, done, now = Agenda(), list[str](), time.monotonic()
    agenda.plan(now, lambda: done.append("now"))
    agenda.plan(now + 60, lambda: done.append("too late"))
    agenda.work_until(now + 0.05, lambda do: do())
    assert done == ["now"]
