"""`python -m config check`: all that is wrong is told at once, and no secret with it."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.checking import ConfigFindings, look, report
from config.settings import ROOT, example

TELEGRAM = "123456789:" + "A" * 35
REPLICATE = "r8_" + "b" * 37
COMPLETE = {"TELEGRAM_TOKEN": TELEGRAM, "REPLICATE_API_TOKEN": REPLICATE}


def found(tmp_path: Path, text: str = "", **environment: str) -> ConfigFindings:
    """What is found with these lines in `.env`."""
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    return look({**COMPLETE, **environment}, tmp_path / ".env")


def test_a_complete_configuration_has_no_findings(tmp_path: Path) -> None:
    findings = found(tmp_path)
    assert (findings.errors, findings.warnings) == ((), ())
    assert report(findings) == "The configuration is complete."


def test_the_example_with_both_tokens_is_complete(tmp_path: Path) -> None:
    """Given .env.example copied to .env, I expect nothing in it to be an error or unknown."""
    assert found(tmp_path, example()) == found(tmp_path)


def test_both_tokens_are_asked_for_in_one_sentence(tmp_path: Path) -> None:
    findings = look({}, tmp_path / ".env")
    assert len(findings.errors) == 1
    assert findings.errors[0].startswith("TELEGRAM_TOKEN and REPLICATE_API_TOKEN are not set; put them into")


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        TELEGRAM_TOKEN="abc",
        USER_RATE_LIMIT="10 per minute",
        MODELS_FILE="nowhere.toml",
        ADMIN_IDS="@me",
        LEASE_S="nan",
        DEMO="perhaps",
        REDIS_URL="localhost:6379",
    )
    named = {error.partition(" ")[0].rstrip(":") for error in findings.errors}
    assert named == {
        "TELEGRAM_TOKEN",
        "USER_RATE_LIMIT",
        "MODELS_FILE",
        "ADMIN_IDS",
        "LEASE_S",
        "DEMO",
        "REDIS_URL",
    }
    assert report(findings).endswith("\n7 to mend.")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TELEGRAM_TOKEN", "123456:short", "TELEGRAM_TOKEN is no token of a bot"),
        ("TELEGRAM_TOKEN", TELEGRAM + " ", "TELEGRAM_TOKEN is no token of a bot"),
        ("REPLICATE_API_TOKEN", "abc", "REPLICATE_API_TOKEN is no token of Replicate"),
        ("GENERATE_RATE_LIMIT", "10/m, burst 3", "GENERATE_RATE_LIMIT must be written 10/m"),
        ("VIP_USER_RATE_LIMIT", "0/m", "VIP_USER_RATE_LIMIT must be written 10/m or 10/m, burst 3"),
        ("PROMPT_FILTER_FILE", "nowhere.txt", "PROMPT_FILTER_FILE: "),
        ("CACHE_TTL_S", "inf", "CACHE_TTL_S must be a number, not 'inf'."),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, name: str, value: str, says: str) -> None:
    (error,) = found(tmp_path, **{name: value}).errors
    assert error.startswith(says)


def test_a_filter_file_is_read_before_anything_is_started(tmp_path: Path) -> None:
    file = tmp_path / "filter.txt"
    file.write_text("fine\n/(/\n", encoding="utf-8")
    (error,) = found(tmp_path, PROMPT_FILTER_FILE=str(file)).errors
    assert "line 2: /(/ is not a regular expression" in error


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            f"TELEGRAM_TOKEN = {TELEGRAM}",
            "line 1: write TELEGRAM_TOKEN=value, without spaces around the sign =.",
        ),
        (f"  TELEGRAM_TOKEN={TELEGRAM}", "line 1: write TELEGRAM_TOKEN=value"),
        (f"TELEGRAM_TOKEN: {TELEGRAM}", "line 1: write TELEGRAM_TOKEN=value"),
        (f"export  TELEGRAM_TOKEN={TELEGRAM}", "line 1: write TELEGRAM_TOKEN=value"),
        (f"my token is {TELEGRAM}", "line 1: this is not NAME=value"),
        (f"ADMIN_IDS={TELEGRAM}", "ADMIN_IDS must be numbers between commas"),
        (f"LEASE_S={REPLICATE}", "LEASE_S must be a number"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_no_secret_repeated(
    tmp_path: Path, line: str, says: str
) -> None:
    """Given a token in a line of another form, or behind another name, I expect the line to be told, and the
    token neither in the findings nor in what the command prints."""
    (error,) = found(tmp_path, f"{line}\n").errors
    assert says in error
    ended = subprocess.run(
        [sys.executable, "-m", "config", "check"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), **COMPLETE},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert says in ended.stdout
    assert not [secret for secret in (TELEGRAM, REPLICATE) if secret in ended.stdout + ended.stderr]


def test_an_unknown_name_is_told_with_the_nearest_known_one(tmp_path: Path) -> None:
    """Given names that nothing reads, I expect a warning for each, and none for what others read there."""
    lines = [
        "TELEGRAM_TOKN=1",
        "ADMIN_ID=1",
        "HTTPS_PORT=443",
        "TELEGRAM_TOKEN_FILE=",
        "zebra=1",
        "DEMO_PORT=8090",
    ]
    assert found(tmp_path, "\n".join(lines)).warnings == (
        ".env, line 1: there is no setting TELEGRAM_TOKN. Did you mean TELEGRAM_TOKEN?",
        ".env, line 2: there is no setting ADMIN_ID. Did you mean ADMIN_IDS?",
        ".env, line 5: there is no setting zebra.",
    )


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o644, True), (0o640, True)])
def test_a_file_that_others_can_read_is_told(tmp_path: Path, mode: int, warned: bool) -> None:
    """Given a .env that other users of the machine can read, I expect to be told, and what to do."""
    file = tmp_path / ".env"
    file.write_text("LOG_LEVEL=INFO\n", encoding="utf-8")
    file.chmod(mode)
    sentence = f"{file} holds secrets, and other users of this machine can read it: chmod 600 {file}"
    assert look(COMPLETE, file).warnings == ((sentence,) if warned else ())


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TELEGRAM_TOKEN=\xff\xfe\n")
    (error,) = look(COMPLETE, tmp_path / ".env").errors
    assert error.endswith(".env is no text in UTF-8; save it as such.")


def test_what_docker_compose_reads_is_known(tmp_path: Path) -> None:
    """Given every variable of docker-compose.yml in `.env`, I expect no warning."""
    import re

    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    names = sorted(set(re.findall(r"\$\{(\w+)", compose)))
    assert len(names) > 10
    text = "".join(f"{name}=\n" for name in names)
    assert found(tmp_path, text).warnings == ()
