"""The stand as a program: what it keeps, how it starts and stops, the page."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from patience import LONG_S, eventually
from telegram_stand_tools import Api, png

from sandbox.processes import Program
from stand.telegram.client import TelegramStand

pytest_plugins = ["telegram_stand"]


def test_history_is_bounded(api: Api, stand: TelegramStand) -> None:
    """A chat keeps its last 1,000 messages; the state counts all of them."""
    user = stand.new_user()
    for number in range(1_010):
        api.http.post("sendMessage", json={"chat_id": user, "text": str(number)})
    held = stand.messages(user)
    assert [held[0]["text"], held[-1]["text"], len(held)] == ["10", "1009", 1_000]
    assert stand.state()["messages"] >= 1_010


def test_the_media_goes_with_the_program_and_a_taken_port_is_named(tmp_path: Path) -> None:
    """Uploads lie in a temporary directory that is gone after a stop; a second stand on the port says so."""
    root = Path(__file__).parents[2]
    argv = [sys.executable, "-m", "stand.telegram", "--port"]
    ready = r"telegram stand on (?P<url>http://127\.0\.0\.1:(?P<port>\d+))"
    with Program([*argv, "0"], ready=ready, cwd=root, env={"TMPDIR": str(tmp_path)}) as program:
        api = Api(program.url, "720000:" + "D" * 35)
        with TelegramStand(program.url) as stand:
            api.ok("sendPhoto", {"photo": ("a.png", png())}, chat_id=stand.new_user())
        assert len(list(tmp_path.glob("*/*"))) == 1
        second = Program([*argv, program.groups["port"]], ready=ready, cwd=root)
        with pytest.raises(
            RuntimeError, match=r"cannot listen on .*: Address already in use; choose another"
        ):
            second.start()
        second.close()
        assert program.terminate() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_stop_ends_waiting_polls_and_streams_quietly() -> None:
    """With a bot's long poll, an event poll and a page's stream open, SIGTERM ends all of them in order."""
    argv = [sys.executable, "-m", "stand.telegram", "--port", "0"]
    with Program(argv, ready=r"on (?P<url>http://\S+)", cwd=Path(__file__).parents[2]) as program:
        api = Api(program.url, "730000:" + "E" * 35)
        with TelegramStand(program.url) as stand, ThreadPoolExecutor(3) as pool:
            poll = pool.submit(api.ok, "getUpdates", timeout=50)
            events = pool.submit(TelegramStand(program.url).events, 99, 20)
            stream = pool.submit(httpx.get, f"{program.url}/control/stream", timeout=20)
            eventually(lambda: stand.state()["polls_waiting"] == 1 and stand.state()["event_readers"] == 2)
            assert program.terminate(LONG_S) == 0
            assert poll.result(LONG_S) == []
            assert events.result(LONG_S)["events"] == []
            assert stream.result(LONG_S).status_code == 200
        assert program.log_text.count("\n") == 1


def test_the_page_is_served(stand: TelegramStand) -> None:
    """The chat page at /, its parts below /page/."""
    page = httpx.get(f"{stand.base_url}/")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    assert httpx.get(f"{stand.base_url}/page/index.html").status_code == 200
