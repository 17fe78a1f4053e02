"""Who may see Flower, and what its rows show."""

from types import SimpleNamespace
from typing import Any

import pytest

from config.settings import Settings, SettingsError
from monitoring.flower import credentials, format_task

JOB = "abcdefghij234567abcd"
PROMPT = "a red fox that nobody may read about"


def row(args: str | None, kwargs: str | None = "{}", result: str | None = None) -> Any:
    return format_task(SimpleNamespace(name="generate", args=args, kwargs=kwargs, result=result))


def test_a_row_shows_ids_and_numbers_and_hides_the_rest() -> None:
    """Given messages of ours, and ones that somebody has put words into, only ids and numbers are shown."""
    assert row(f"('{JOB}',)").args == JOB
    assert row(f"['{JOB}', 3]").args == f"{JOB}, 3"
    assert row(None, None).args == ""
    assert row(f"('{JOB}', '{PROMPT}')").args == f"{JOB}, (hidden)"
    for words in (PROMPT, f"'{PROMPT}'", f"{{'prompt': '{PROMPT}'}}", f"('{PROMPT[:5]}...", "..."):
        assert PROMPT[:5] not in row(words).args
    assert row("()", f"{{'prompt': '{PROMPT}'}}").kwargs == "(hidden)"
    assert row("()", "{}").kwargs == ""


def test_a_result_is_shown_as_words() -> None:
    said = f"delivered: image, sketch, {JOB}"
    assert row(f"('{JOB}',)", result=repr(said)).result == said
    assert row(f"('{JOB}',)").result is None


def test_who_may_see_flower() -> None:
    """Given pairs of user and password they alone may; given none, everybody of the demo's machine."""
    assert credentials(Settings(flower_basic_auth="ann:a:b, bob:c")) == ["ann:a:b", "bob:c"]
    assert credentials(Settings(demo=True)) == credentials(Settings(demo=True, flower_address="::1")) == []


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(demo=True, flower_address=""),
        Settings(demo=True, flower_address="0.0.0.0"),
        Settings(flower_basic_auth="ann"),
        Settings(flower_basic_auth="ann:"),
        Settings(flower_basic_auth="ann:a,"),
    ],
)
def test_flower_does_not_start_where_anybody_could_look(settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"FLOWER_BASIC_AUTH .*user:password"):
        credentials(settings)
