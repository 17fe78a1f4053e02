"""What of honcho's messages reaches the terminal."""

import io
from datetime import UTC, datetime

import pytest
from honcho.printer import Message

from sandbox.console import Console

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def shown(*messages: tuple[str, str]) -> list[str]:
    """The lines of a console that is given these messages: who says what."""
    output = io.StringIO()
    console = Console(output)
    for name, data in messages:
        console.write(Message("line", data if name == "system" else data.encode(), NOON, name, None))
    return [line.partition("| ")[2] for line in output.getvalue().splitlines()]


def test_starting_says_nothing() -> None:
    assert shown(("system", "bot started (pid=7)\n"), ("system", "sending SIGTERM to bot (pid 7)\n")) == []


def test_what_a_process_says_is_shown() -> None:
    assert shown(("bot", "telegram is out of reach\n")) == ["telegram is out of reach"]


@pytest.mark.parametrize(
    ("code", "reason"), [("-9", "signal 9"), ("2", "exit code 2"), ("0", "exit code 0"), ("-15", "signal 15")]
)
def test_the_end_of_a_process_that_nobody_asked_to_end_is_told(code: str, reason: str) -> None:
    """Given a process that ends by itself, however, I expect its name; the others then end because of it."""
    said = shown(
        ("system", f"bot stopped (rc={code})\n"),
        ("system", "sending SIGTERM to deliver (pid 7)\n"),
        ("deliver", "worker: Warm shutdown (MainProcess)\n"),
        ("system", "deliver stopped (rc=0)\n"),
    )
    assert said == [f"bot has ended ({reason}); everything is stopped."]


def test_ctrl_c_ends_in_silence_but_for_what_went_wrong() -> None:
    said = shown(
        ("system", "SIGINT received\n"),
        ("deliver", "\n"),
        ("deliver", "worker: Warm shutdown (MainProcess)\n"),
        ("system", "bot stopped (rc=0)\n"),
        ("system", "deliver stopped (rc=-9)\n"),
    )
    assert said == ["stopping ...", "deliver has ended (signal 9); everything is stopped."]


def test_a_frame_is_drawn_in_what_the_terminal_knows() -> None:
    """Given a terminal without Unicode, I expect plain characters rather than an error."""
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(output).box(["Darkroom is ready.", "x"])
    output.seek(0)
    assert output.read().split("\n")[1:5] == [
        "+--------------------+",
        "| Darkroom is ready. |",
        "| x                  |",
        "+--------------------+",
    ]


def test_what_others_write_controls_no_terminal() -> None:
    """Given a process's line, a prompt in a job's line and a bot's name in the frame with escape sequences
    and line feeds, I expect to see them, in as many lines as there were."""
    output = io.StringIO()
    console = Console(output)
    console.write(Message("line", b"a \x1b[2Jfox\x9b\n", NOON, "bot", None))
    console.job('image "a fox\x1b]0;title\x07\n12:00:00 job | forged"')
    console.box(["Write to \u202e@bot\n", "x"])
    shown = output.getvalue()
    assert not set(shown) & set("\x1b\x07\x9b\u202e")
    assert "a \\x1b[2Jfox" in shown
    assert "\\x07\\n12:00:00 job | forged" in shown
    assert len(shown.splitlines()) == 2 + 6
