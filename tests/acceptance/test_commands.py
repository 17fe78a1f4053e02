"""`python -m sandbox`, the demo, and `--run`: what they say, what they do, what they leave behind."""

import os
import signal
import socket
from pathlib import Path

import httpx
import psutil
import pytest
from patience import LONG_S

from sandbox.environment import free_port
from sandbox.processes import Program
from sandbox.provider.client import ProviderStand
from sandbox.telegram.client import TelegramStand

from .commands import LONGEST_S, outcome, sandbox
from .person import answers, eventually, text_of

# The runs of --once mostly wait for their provider: they do so while the tests of the next files go on.
pytestmark = pytest.mark.usefixtures("once")


def test_the_demo(tmp_path: Path) -> None:
    """It says where the page is; a message there becomes a picture; Ctrl-C ends and removes everything."""
    page, flower, exporter = free_port(), free_port(), free_port()
    settings = {
        "DEMO_PORT": str(page),
        "FLOWER_PORT": str(flower),
        "EXPORTER_PORT": str(exporter),
        "TMPDIR": str(tmp_path),
    }
    with sandbox(environment=settings) as demo:
        address = f"http://127.0.0.1:{page}"
        eventually(lambda: f"Open {address} and write: /image" in demo.log_text, LONGEST_S)
        assert "<html" in httpx.get(address, trust_env=False).text
        make_quick(demo)
        with TelegramStand(address) as stand:
            ann = stand.new_user("Ann")
            said = stand.send(ann, "/image a red fox in the snow")
            shown = stand.wait_message(ann, lambda each: answers(said)(each) and each["media"], LONGEST_S)
        assert text_of(shown).startswith("a red fox in the snow\n\n")
        delivered = 'jobs_total{status="delivered",type="image"} 1.0\n'
        metrics = f"http://127.0.0.1:{exporter}/metrics"
        eventually(lambda: delivered in httpx.get(metrics, trust_env=False).text)

        processes = psutil.Process(demo.pid).children(recursive=True)
        assert len(processes) >= 10
        os.kill(demo.pid, signal.SIGINT)
        demo.wait(LONG_S)
        assert [process for process in processes if runs(process)] == []
        assert "Traceback" not in demo.log_text
        assert list(tmp_path.iterdir()) == []


def runs(process: psutil.Process) -> bool:
    """Whether it has not ended; one that has ended may wait for ever for a parent to take note of it."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def make_quick(demo: Program) -> None:
    """The demo's provider takes the time that a real one takes; nobody needs to wait for that here."""
    lines = [process.cmdline() for process in psutil.Process(demo.pid).children()]
    (provider,) = (line for line in lines if "sandbox.provider" in line)
    with ProviderStand(f"http://127.0.0.1:{provider[provider.index('--port') + 1]}") as stand:
        stand.settings(image_mean_s=0.3)


@pytest.mark.parametrize("setting", ["DEMO_PORT", "FLOWER_PORT", "EXPORTER_PORT"])
def test_a_taken_port_is_named(setting: str) -> None:
    """One sentence: the port, the setting, what to do; nothing was started."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        ports = {"DEMO_PORT": str(free_port()), "FLOWER_PORT": str(free_port()), setting: str(taken)}
        code, said = outcome(sandbox(environment=ports))
    assert code == 1
    assert said == f"Port {taken} is taken. Set {setting} to a free one: {setting}={taken + 1}\n"


def test_run_needs_a_token(tmp_path: Path) -> None:
    """Without TELEGRAM_TOKEN `--run` says so in one sentence, and starts nothing."""
    nothing = {"TELEGRAM_TOKEN": "", "REPLICATE_API_TOKEN": ""}
    code, said = outcome(sandbox("--run", environment=nothing, cwd=tmp_path))
    assert code == 1
    assert said.startswith("TELEGRAM_TOKEN is not set (")
    assert said.count("\n") == 1
