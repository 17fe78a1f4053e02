"""The input fields of a request: the user's choice, then the drawn seed, then the model's defaults."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from config.catalogue import Model, Option, load_catalogue
from config.settings import Settings
from jobs.model import Kind, Request
from tasks.generation.inputs import fields

CATALOGUE = load_catalogue(Settings())


def request(model: str, options: Mapping[str, str | int] | None = None, seed: int = 0) -> Request:
    return Request(Kind.IMAGE, model, "a red fox", options or {}, seed)


def test_a_bare_prompt_gets_the_models_constants_and_defaults() -> None:
    assert fields(request("flux-schnell"), CATALOGUE.models["flux-schnell"]) == {
        "prompt": "a red fox",
        "output_format": "png",
        "num_outputs": 1,
        "aspect_ratio": "1:1",
    }


def test_options_are_sent_under_the_providers_names() -> None:
    """Given `--ar 16:9 --seed 42 --no people`, I expect the model's own fields with these values."""
    asked = request("stable-diffusion-3", {"ar": "16:9", "seed": 42, "no": "people"}, seed=7)
    assert fields(asked, CATALOGUE.models["stable-diffusion-3"]) == {
        "prompt": "a red fox",
        "output_format": "png",
        "aspect_ratio": "16:9",
        "seed": 42,
        "negative_prompt": "people",
    }


def test_the_seed_drawn_for_the_job_is_sent_where_the_user_gave_none() -> None:
    assert fields(request("flux-schnell", seed=7), CATALOGUE.models["flux-schnell"])["seed"] == 7


def test_a_seed_of_zero_is_a_seed() -> None:
    """Given `--seed 0`, I expect 0 and not the drawn one."""
    assert fields(request("flux-schnell", {"seed": 0}, seed=7), CATALOGUE.models["flux-schnell"])["seed"] == 0


def test_a_prompt_cannot_be_overridden_by_a_models_constants() -> None:
    model = Model("m", "M", "image", "replicate", "o/m", 60, 5, 0.0, input={"prompt": "a cat", "steps": 4})
    assert fields(request("m"), model) == {"prompt": "a red fox", "steps": 4}


OPTIONS = {
    "ar": Option("ar", "aspect_ratio", choices=("1:1", "16:9"), default="1:1"),
    "seed": Option("seed", "random_seed", minimum=0, maximum=9),
    "no": Option("no", "negative_prompt"),
}
VALUES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "ar": st.sampled_from(["1:1", "16:9"]),
        "seed": st.integers(0, 9),
        "no": st.text(max_size=5),
        "loud": st.just("yes"),
    },
)


@given(st.text(), VALUES, st.integers(0, 9), st.sets(st.sampled_from(list(OPTIONS))))
def test_what_is_sent_is_what_was_chosen_and_what_the_model_knows(
    prompt: str, chosen: dict[str, Any], drawn: int, known: set[str]
) -> None:
    """Given any choice and any model, every known choice arrives as it is, and nothing unknown does."""
    options = {name: option for name, option in OPTIONS.items() if name in known}
    model = Model("m", "M", "image", "replicate", "o/m", 60, 5, 0.0, input={"steps": 4}, options=options)
    sent = fields(Request(Kind.IMAGE, "m", prompt, chosen, drawn), model)
    assert (sent.pop("prompt"), sent.pop("steps")) == (prompt, 4)
    expected = {OPTIONS[name].field: value for name, value in chosen.items() if name in known}
    if "ar" in known:
        expected.setdefault("aspect_ratio", "1:1")
    if "seed" in known and drawn:
        expected.setdefault("random_seed", drawn)
    assert sent == expected
