"""What people write, and what is understood of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.requests.parser import Problem, RequestError, Wanted, complete, fitting, joined, read
from config.catalogue import Catalogue, Model, load_catalogue
from config.settings import Settings
from jobs.model import Kind

CATALOGUE: Catalogue = load_catalogue(Settings())
FLUX: Model = CATALOGUE.models["flux-schnell"]
SD3: Model = CATALOGUE.models["stable-diffusion-3"]


def wanted(text: str, model: Model = SD3) -> Wanted:
    return read(text, model, CATALOGUE)


def refused(text: str, model: Model = SD3) -> RequestError:
    with pytest.raises(RequestError) as caught:
        complete(read(text, model, CATALOGUE), 1500, Kind.IMAGE)
    return caught.value


@pytest.mark.parametrize(
    ("text", "prompt", "options"),
    [
        ("a red fox", "a red fox", {}),
        ("a red fox --ar 16:9", "a red fox", {"ar": "16:9"}),
        ("a fox --ar 16:9 --seed 42 --no text", "a fox", {"ar": "16:9", "seed": 42, "no": "text"}),
        ("--ar 16:9 a fox in the snow", "a fox in the snow", {"ar": "16:9"}),
        ("a fox --seed 7 in the snow", "a fox in the snow", {"seed": 7}),
        ("a fox --ar=16:9 --seed=0", "a fox", {"ar": "16:9", "seed": 0}),
        ("a fox --ar:16:9", "a fox", {"ar": "16:9"}),
        ("a fox --AR 16:9", "a fox", {"ar": "16:9"}),
        ("a fox --aspect 3:2", "a fox", {"ar": "3:2"}),
        ("a fox --ar 16x9", "a fox", {"ar": "16:9"}),
        ("a fox --ar 16х9", "a fox", {"ar": "16:9"}),  # the Cyrillic letter
        ("a fox --ar 16/9, at night", "a fox at night", {"ar": "16:9"}),
        ("a fox --ar 1:1 --ar 16:9", "a fox", {"ar": "16:9"}),
        ("a fox —ar 16:9 —seed 5", "a fox", {"ar": "16:9", "seed": 5}),
        ("a fox –ar 16:9", "a fox", {"ar": "16:9"}),
        ("a fox —-ar 16:9", "a fox", {"ar": "16:9"}),
        ("a fox — red and —quick", "a fox — red and —quick", {}),
        ("лиса —рыжая —ar 16:9", "лиса —рыжая", {"ar": "16:9"}),
        ("a fox -- red, 3--4 years, well-known", "a fox -- red, 3--4 years, well-known", {}),
        ("a fox\n  in the snow\n--ar 16:9\n--seed 3", "a fox in the snow", {"ar": "16:9", "seed": 3}),
        ("a fox --no text, watermark, frame", "a fox", {"no": "text, watermark, frame"}),
        ("a fox --no text, logo --ar 1:1", "a fox", {"no": "text, logo", "ar": "1:1"}),
        ('a fox --no "text and logos" at night', "a fox at night", {"no": "text and logos"}),
        ('a sign that says "--ar 16:9"', 'a sign that says "--ar 16:9"', {}),
        ("a sign that says «—ar 1:1»", "a sign that says «—ar 1:1»", {}),
        ('"a red fox"', "a red fox", {}),
        ("“a red fox” --ar 1:1", "a red fox", {"ar": "1:1"}),
        ('"a" and "b"', '"a" and "b"', {}),
        ('a 5" nail --ar 1:1', 'a 5" nail', {"ar": "1:1"}),
        ("🦊 --ar 1:1", "🦊", {"ar": "1:1"}),
        ("--ar 1:1", "", {"ar": "1:1"}),
        ("", "", {}),
    ],
)
def test_prompt_and_options_are_told_apart(text: str, prompt: str, options: dict[str, str | int]) -> None:
    assert wanted(text) == Wanted(prompt, options)


BLANKS = (
    "\u3164",
    "\uffa0\u1160",
    "\u115f",
    "\u2800",
    "\ufe0f",
    "\u034f",
    "\u00ad",
    "\u3000",
    "\U000e0020",
    "\ue000",
)


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "--ar 1:1", '""', "\u200b", "\u2060 \u200d", *BLANKS])
def test_a_request_without_a_prompt_is_refused(text: str) -> None:
    assert refused(text).problem is Problem.NO_PROMPT


@pytest.mark.parametrize("text", ["🦊", "?", "1", "여우", "\u3164 a", "e\u0301", "❤\ufe0f", "क्षि"])
def test_whatever_shows_something_is_a_prompt(text: str) -> None:
    assert complete(wanted(text), 1500, Kind.IMAGE).prompt


def test_a_prompt_that_is_too_long_says_by_how_much() -> None:
    error = refused("x" * 1501)
    assert (error.problem, error.values) == (Problem.TOO_LONG, {"count": 1501, "limit": 1500})
    assert complete(wanted("x" * 1500), 1500, Kind.IMAGE).prompt == "x" * 1500
    assert refused("a fox --no " + "y" * 1501).problem is Problem.TOO_LONG


@pytest.mark.parametrize(
    ("name", "close"), [("arr", "ar"), ("sed", "seed"), ("apsect", "ar"), ("quality", "")]
)
def test_an_unknown_option_is_named_with_the_one_that_was_meant(name: str, close: str) -> None:
    error = refused(f"a fox --{name} 5")
    assert error.problem is Problem.UNKNOWN_OPTION
    assert error.values == {"name": name, "close": close, "offered": "--ar, --seed, --no"}


def test_an_option_of_another_model_names_the_models_that_have_it() -> None:
    error = refused("a fox --no text", FLUX)
    assert error.problem is Problem.NOT_OFFERED
    assert error.values == {
        "name": "no",
        "model": "FLUX schnell",
        "elsewhere": "Stable Diffusion 3",
    }


def test_only_a_model_that_can_be_chosen_instead_is_named() -> None:
    """Given a video with an option that a picture model alone takes, or a request that stays with its model,
    I expect no model to be named: none chosen in /settings would help."""
    video = CATALOGUE.models["seedance-lite"]
    assert refused("waves --no text", video).values == {"name": "no", "model": video.title, "elsewhere": ""}
    with pytest.raises(RequestError) as caught:
        read("a fox --no text", FLUX, CATALOGUE, bound=True)
    assert caught.value.values["elsewhere"] == ""


@pytest.mark.parametrize("value", ["5:4", "wide", "16:9:1", "", "--seed 4"])
def test_a_ratio_that_is_not_offered_lists_those_that_are(value: str) -> None:
    error = refused(f"a fox --ar {value}")
    assert error.problem is Problem.BAD_CHOICE
    assert error.values["name"] == "ar"
    assert error.values["choices"] == "1:1, 16:9, 9:16, 3:2, 2:3, 21:9"


@pytest.mark.parametrize("value", ["", "-1", "2147483648", "lucky", "4.5", "1e3", "٤٢", "9" * 40, "1_000"])
def test_a_bad_seed_names_the_range(value: str) -> None:
    error = refused(f"a fox --seed {value}")
    assert error.problem is Problem.BAD_NUMBER
    assert (error.values["minimum"], error.values["maximum"]) == (0, 2147483647)


def test_a_text_option_without_its_text_is_refused() -> None:
    assert refused("a fox --no --ar 1:1").problem is Problem.NO_VALUE
    assert refused("a fox --no").values == {"name": "no"}


def test_an_answer_goes_on_with_the_old_prompt_and_its_options_count_first() -> None:
    old = Wanted("a fox", {"ar": "16:9", "seed": 42})
    assert joined(old, wanted("in the snow --ar 1:1")) == Wanted(
        "a fox, in the snow", {"ar": "1:1", "seed": 42}
    )
    assert joined(old, wanted("--seed 7")) == Wanted("a fox", {"ar": "16:9", "seed": 7})


def test_options_for_another_model_are_left_out_where_this_one_does_not_take_them() -> None:
    options: dict[str, str | int] = {"ar": "4:3", "seed": 42, "no": "text"}
    assert fitting(options, FLUX) == {"ar": "4:3", "seed": 42}
    assert fitting(options, SD3) == {"seed": 42, "no": "text"}


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "ar": st.sampled_from(SD3.options["ar"].choices),
        "seed": st.integers(0, 2147483647),
        "no": WORDS,
    },
)


@given(
    prompt=st.lists(WORDS, min_size=1, max_size=6).map(" ".join),
    options=OPTIONS,
    dashes=st.sampled_from(["--", "—", "–", "—-"]),
    glue=st.sampled_from([" ", "=", "  ", "\n"]),
)
def test_whatever_is_written_in_the_usual_style_is_understood(
    prompt: str, options: dict[str, str | int], dashes: str, glue: str
) -> None:
    written = prompt + "".join(f" {dashes}{name}{glue}{value}" for name, value in options.items())
    assert wanted(written) == Wanted(prompt, options)


TRICKY = st.sampled_from('a -—–=:"“”«\n\t\u200b1ноar9,') | st.characters(exclude_categories=["Cs"])


@given(text=st.text(TRICKY))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Either it is understood, with values that the model takes, or the answer says what is wrong."""
    try:
        found = wanted(text)
    except RequestError:
        return
    assert found.prompt == " ".join(found.prompt.split())
    assert fitting(found.options, SD3) == found.options
