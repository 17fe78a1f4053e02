"""What nginx is told of strangers; tests/deploy/test_nginx.py runs it where it is installed."""

import ipaddress
import re

import pytest

from config.settings import ROOT
from serving.protocol import Patience

CONF = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
TELEGRAM = ("149.154.160.0/20", "91.108.4.0/22")
"""Where its webhooks come from, by https://core.telegram.org/bots/webhooks."""


def value(directive: str) -> str:
    """What a directive that stands there once says."""
    (found,) = re.findall(rf"^ *{directive} ([^;]+);$", CONF, re.MULTILINE)
    return str(found)


@pytest.mark.parametrize("of", ["header", "body"])
def test_it_waits_no_longer_than_the_bot_does(of: str) -> None:
    assert value(f"client_{of}_timeout") == f"{Patience().head_s:g}s"


def test_there_is_room_for_many_connections_that_have_not_asked_yet() -> None:
    """Given that such are counted for no address, I expect room for the ports of one, and files for both
    sides of each."""
    ports_of_one = 28_232  # what Linux gives out unless it is told otherwise
    room = int(value("worker_connections"))
    assert int(value("worker_processes")) * room > ports_of_one
    assert int(value("worker_rlimit_nofile")) >= 2 * room
    assert value("reset_timedout_connection") == "on"


def test_whatever_is_passed_on_has_a_rate() -> None:
    """Given each location that passes requests on, I expect a limit of its own there; for the webhooks' one
    with room for a hundred connections, so that those only wait."""
    passing = [part for part in CONF.split("location ")[1:] if "proxy_pass " in part]
    limits = {
        part.split("{")[0].strip("= "): re.findall(r"limit_req zone=(\w+) burst=(\d+)", part)
        for part in passing
    }
    assert set(limits) == {"/telegram", "/providers/", "/healthz", "/readyz", "/metrics", "/flower"}
    assert all(len(found) == 1 for found in limits.values())
    for path in ("/telegram", "/providers/"):
        ((zone, burst),) = limits[path]
        assert (zone, int(burst) > 100) == ("webhooks", True)


def test_telegram_is_not_limited_and_nobody_else_is_named() -> None:
    named = re.findall(r"^ *([\d.:a-f]+/\d+) 1;$", CONF, re.MULTILINE)
    assert [ipaddress.ip_network(each) for each in named] == [ipaddress.ip_network(each) for each in TELEGRAM]
