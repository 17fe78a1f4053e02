"""`python -m sandbox`, the demo, and `--run`: what they say, what they do, what they leave behind."""

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from patience import LONG_S

from config.embedded import published
from config.settings import ROOT
from sandbox.environment import BOT_ID, free_port
from sandbox.processes import Program
from stand.provider.client import ProviderStand
from stand.telegram.client import TelegramStand

from .commands import LONGEST_S, outcome, sandbox, shared, sharing
from .person import answers, eventually, text_of

# The runs of --once mostly wait for their provider: they do so while the tests of the next files go on.
pytestmark = pytest.mark.usefixtures("once")


HERS = "a-password-of-hers"
TOKEN = f"{BOT_ID}:a-token-of-the-commands-in-these-tests"


def test_the_demo(tmp_path: Path) -> None:
    """It says where the page is; a message there becomes a picture; Ctrl-C ends and removes everything."""
    page, flower, exporter = free_port(), free_port(), free_port()
    settings = {
        "DEMO_PORT": str(page),
        "DEMO_HOSTS": "demo.example, other.example",
        "FLOWER_PORT": str(flower),
        "EXPORTER_PORT": str(exporter),
        "TMPDIR": str(tmp_path),
        "EMBEDDED_REDIS_DIR": str(tmp_path / "redis"),
    }
    with sandbox(environment=settings) as demo:
        address = f"http://127.0.0.1:{page}"
        eventually(lambda: f"Open {address} and write: /image" in demo.log_text, LONGEST_S)
        assert "<html" in httpx.get(address, trust_env=False).text
        for name, status in (("demo.example", 200), ("evil.example", 421)):
            assert httpx.get(address, headers={"Host": name}, trust_env=False).status_code == status
        make_quick(demo)
        with TelegramStand(address) as stand:
            ann = stand.new_user("Ann")
            said = stand.send(ann, "/image a red fox in the snow")
            shown = stand.wait_message(ann, lambda each: answers(said)(each) and each["media"], LONGEST_S)
        assert text_of(shown).startswith("a red fox in the snow\n\n")
        delivered = 'jobs_total{status="delivered",type="image"} 1.0\n'
        metrics = f"http://127.0.0.1:{exporter}/metrics"
        eventually(lambda: delivered in httpx.get(metrics, trust_env=False).text)

        line = r'job +\| image "a red fox in the snow"  queued \S+ s, made \S+ s, sent \S+ s   \$0\.010\n'
        eventually(lambda: re.search(line, demo.log_text))

        processes = psutil.Process(demo.pid).children(recursive=True)
        assert len(processes) >= 10
        assert shared(tmp_path) == []
        assert sharing(demo.pid) == {}
        os.kill(demo.pid, signal.SIGINT)
        assert demo.wait(LONG_S) == 0
        assert [process for process in processes if runs(process)] == []
        assert "Traceback" not in demo.log_text
        quiet = [
            said for said in demo.log_text.splitlines() if "|" in said and not said.startswith(("│", "|"))
        ]
        assert len(quiet) <= 4, demo.log_text
        assert [each for each in tmp_path.iterdir() if each.name != "redis"] == []
        assert published(tmp_path / "redis") == ""


def runs(process: psutil.Process) -> bool:
    """Whether it has not ended; one that has ended may wait for ever for a parent to take note of it."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def make_quick(demo: Program) -> None:
    """The demo's provider takes the time that a real one takes; nobody needs to wait for that here."""
    lines = [process.cmdline() for process in psutil.Process(demo.pid).children()]
    (provider,) = (line for line in lines if "stand.provider" in line)
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


def test_run_needs_both_tokens(tmp_path: Path) -> None:
    """Without tokens `--run` asks for both in one sentence, and starts nothing."""
    nothing = {"TELEGRAM_TOKEN": "", "REPLICATE_API_TOKEN": ""}
    code, said = outcome(sandbox("--run", environment=nothing, cwd=tmp_path))
    assert code == 1
    assert said.startswith("TELEGRAM_TOKEN and REPLICATE_API_TOKEN are not set; put them into .env")
    assert said.count("\n") == 1


def test_run_tells_all_that_is_wrong_before_anything_starts(tmp_path: Path) -> None:
    wrong = {
        "TELEGRAM_TOKEN": "abc",
        "REPLICATE_API_TOKEN": "r8_abcdefgh",
        "USER_RATE_LIMIT": "10 per minute",
    }
    wrong["ENV_FILE"] = ".env"
    (tmp_path / ".env").write_text("MODELS_FILE=nowhere.toml\nWORKER_SLOT=3\n", encoding="utf-8")
    code, said = outcome(sandbox("--run", environment=wrong, cwd=tmp_path))
    assert code == 1
    assert said.splitlines()[0] == (
        "warning: .env, line 2: there is no setting WORKER_SLOT. Did you mean WORKER_SLOTS?"
    )
    for named in ("TELEGRAM_TOKEN is no token", "USER_RATE_LIMIT must be", "MODELS_FILE: "):
        assert named in said
    assert said.count("\n") == 4


@pytest.fixture
def services(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings of somebody whose Telegram and provider are the stands; all data is in the test's folder."""
    python = [sys.executable, "-m"]
    on = r"on (?P<url>http\S+)"
    with (
        Program([*python, "stand.telegram", "--port", "0"], ready=on, cwd=ROOT) as telegram,
        Program([*python, "stand.provider", "--fast-media"], ready=on, cwd=ROOT) as provider,
    ):
        yield {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API_URL": telegram.url,
            "REPLICATE_API_TOKEN": "r8_ofTheStand1",
            "REPLICATE_API_URL": f"{provider.url}/v1",
            "EMBEDDED_REDIS_DIR": str(tmp_path / "redis"),
            "EMBEDDED_REDIS_PORT": str(free_port()),
            "MEDIA_URL": str(tmp_path / "media"),
            "FLOWER_DB": str(tmp_path / "flower"),
            "FLOWER_BASIC_AUTH": f"ann:{HERS}",
            "MODELS_FILE": str(ROOT / "sandbox" / "models.toml"),
            # However slow the machine, nobody loses a job to another worker here.
            "LEASE_S": "60",
        }


def test_run_is_ready_when_all_can_be_reached(services: dict[str, str], tmp_path: Path) -> None:
    """Given both services, I expect the bot's link once everything answers, a job to be told without its
    words, no secret on the console, exit code 0 after Ctrl-C, and files that nobody else can read."""
    with sandbox("--run", environment=services, cwd=tmp_path) as run:
        eventually(lambda: "Write to your bot: https://t.me/" in run.log_text, LONGEST_S)
        with TelegramStand(services["TELEGRAM_API_URL"]) as stand:
            ann = stand.new_user("Ann")
            stand.send(ann, "/image a red fox in the snow")
            told = eventually(lambda: re.search(r"job +\| image (.+)", run.log_text), LONGEST_S)
            assert re.match(r"sketch \w+  queued .+ made .+ sent .+", told[1]), told[1]
        os.kill(run.pid, signal.SIGINT)
        assert run.wait(LONG_S) == 0
        said = run.log_text
    secrets = (
        TOKEN,
        "r8_ofTheStand1",
        HERS,
        (tmp_path / "redis" / "password").read_text("utf-8"),
    )
    assert [secret for secret in secrets if secret in said] == []
    assert "red fox" not in said
    kept = {each.relative_to(tmp_path).parts[0] for each in tmp_path.rglob("*") if each.is_file()}
    assert {"redis", "media"} <= kept
    assert shared(tmp_path) == []


def test_run_waits_for_telegram_and_says_so(services: dict[str, str], tmp_path: Path) -> None:
    """Given a Telegram that is away, I expect to be told what is waited for, and not that all is ready."""
    away = services | {"TELEGRAM_API_URL": f"http://127.0.0.1:{free_port()}"}
    with sandbox("--run", environment=away, cwd=tmp_path) as run:
        eventually(lambda: "waiting for Telegram: no connection (ConnectError)" in run.log_text, LONGEST_S)
        assert "is ready" not in run.log_text
        os.kill(run.pid, signal.SIGTERM)
        assert run.wait(LONG_S) == 0


def test_a_refused_token_is_one_sentence_before_anything_starts(
    services: dict[str, str], tmp_path: Path
) -> None:
    # The provider knows no bot, and answers as Telegram does to a token that it does not know.
    foreign = services | {"TELEGRAM_API_URL": services["REPLICATE_API_URL"]}
    code, said = outcome(sandbox("--run", environment=foreign, cwd=tmp_path))
    assert (code, said) == (1, "TELEGRAM_TOKEN is refused by Telegram; copy it again from @BotFather.\n")


def test_a_death_ends_everything_and_is_told(services: dict[str, str], tmp_path: Path) -> None:
    """Given a process of ours and then a Redis that is killed, I expect to be told which one it was."""
    with sandbox("--run", environment=services, cwd=tmp_path) as run:
        eventually(lambda: "Write to your bot" in run.log_text, LONGEST_S)
        bot = next(each for each in psutil.Process(run.pid).children(recursive=True) if is_bot(each))
        bot.kill()
        assert run.wait(LONG_S) != 0
        assert "bot has ended (signal 9); everything is stopped." in run.log_text
    with sandbox("--run", environment=services, cwd=tmp_path) as run:
        eventually(lambda: "Write to your bot" in run.log_text, LONGEST_S)
        server = next(each for each in psutil.Process(run.pid).children() if each.name().endswith("-server"))
        server.kill()
        assert run.wait(LONG_S) == 1
        assert "Redis has ended; everything is stopped." in run.log_text


def is_bot(process: psutil.Process) -> bool:
    try:
        return process.cmdline()[-2:] == ["-m", "bot"] and not process.children()
    except psutil.NoSuchProcess:
        return False
