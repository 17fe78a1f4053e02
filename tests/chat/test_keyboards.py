"""What a button carries, and what is made of it when it is pressed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import keyboards
from chat.keyboards import Action, Press, pack, unpack
from chat.texts import texts
from config.catalogue import load_catalogue
from config.settings import Settings

JOB = "abcdefghij234567abcd"


@pytest.mark.parametrize("action", sorted(keyboards.OF_JOBS))
def test_a_press_names_its_job(action: Action) -> None:
    """When a button under a job is pressed, I expect the action and the job's id."""
    press = unpack(pack(action, JOB))
    assert press == Press(action, JOB)
    assert press.job_id == JOB


def test_a_choice_carries_name_and_value() -> None:
    """When a value is chosen in the settings, I expect the setting's name and the value, colons and all."""
    press = unpack(pack(Action.CHOOSE, "ar:image=16:9"))
    assert press is not None
    assert (press.job_id, press.choice) == ("", ("ar:image", "16:9"))


@pytest.mark.parametrize(
    "data", ["", None, "cancel", "cancel:", "cancel:ABC", f"fly:{JOB}", f"cancel:{JOB}x"]
)
def test_what_is_not_ours_is_nothing(data: str | None) -> None:
    """Given data of an older version or of nobody, I expect None rather than a guess."""
    assert unpack(data) is None


@given(st.text(max_size=80))
def test_no_data_breaks_it(data: str) -> None:
    """Given any data, I expect either None or what packs to the same again."""
    press = unpack(data)
    assert press is None or data.startswith(f"{press.action}:")


def test_data_over_telegrams_limit_is_refused_by_name() -> None:
    """Given a name too long for a button, I expect an error that quotes it, and no lost message."""
    with pytest.raises(ValueError, match="over 64 bytes"):
        pack(Action.CHOOSE, "model:image=" + "x" * 60)


def test_the_settings_keyboard_ticks_the_chosen_value_and_leads_back() -> None:
    """Given the ratios of a model, I expect rows of them with the chosen one ticked, and Back below."""
    values = [("1:1", "1:1"), ("16:9", "16:9"), ("9:16", "9:16")]
    board = keyboards.choices("ar:image", values, "16:9", texts("en"), columns=2)
    assert [[button.text for button in row] for row in board.inline_keyboard] == [
        ["1:1", "✓ 16:9"], ["9:16"], ["Back"],
    ]  # fmt: skip
    assert board.inline_keyboard[2][0].callback_data == "settings:"


def test_every_model_of_the_catalogue_fits_a_button() -> None:
    """Given the catalogue, I expect each model's name to fit the button that chooses it."""
    for model in load_catalogue(Settings()).models.values():
        assert unpack(pack(Action.CHOOSE, f"model:{model.kind}={model.name}")) is not None


def test_the_list_of_settings_opens_each() -> None:
    """Given two settings, I expect a row for each that opens it."""
    board = keyboards.settings([("Image model: FLUX", "model:image"), ("Ratio", "ar:image")])
    assert [row[0].callback_data for row in board.inline_keyboard] == ["open:model:image", "open:ar:image"]
