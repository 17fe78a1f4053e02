"""Requests made of words, presses, choices and the catalogue."""

from dataclasses import replace

import pytest

from bot.requests.builder import (
    VARIATIONS,
    again,
    animation,
    from_answer,
    from_text,
    model_of,
    variation,
)
from bot.requests.parser import Problem, RequestError
from config.catalogue import Catalogue, load_catalogue
from config.settings import Settings
from jobs.model import Artifact, Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State

CATALOGUE = load_catalogue(Settings())


def made(
    kind: Kind = Kind.IMAGE,
    model: str = "flux-schnell",
    prompt: str = "a fox",
    options: dict[str, str | int] | None = None,
    seed: int = 7,
    source: str = "",
) -> Job:
    """A delivered job."""
    return Job(
        id="a" * 20,
        request=Request(kind, model, prompt, options or {}, seed, source),
        origin=Origin(1, 1, 1),
        tier=Tier.REGULAR,
        lane=Lane.IMG,
        state=State.DELIVERED,
        artifact=Artifact("k", "image/png", 1),
    )


def test_a_request_takes_the_chosen_model_and_ratio() -> None:
    choices = {"model:image": "stable-diffusion-3", "ar:image": "3:2"}
    request = from_text("a fox", Kind.IMAGE, choices, CATALOGUE, 1500)
    assert (request.model, dict(request.options)) == ("stable-diffusion-3", {"ar": "3:2"})


def test_what_is_written_goes_before_what_was_chosen() -> None:
    request = from_text("a fox --ar 1:1", Kind.IMAGE, {"ar:image": "16:9"}, CATALOGUE, 1500)
    assert dict(request.options) == {"ar": "1:1"}


@pytest.mark.parametrize(
    "choices",
    [
        {"model:image": "long gone", "ar:image": "5:4"},
        {"model:image": "seedance-lite", "ar:image": ""},
        {"model:video": "seedance-lite", "ar:video": "16:9"},
    ],
)
def test_choices_that_are_not_offered_any_more_give_way_to_the_default(choices: dict[str, str]) -> None:
    request = from_text("a fox", Kind.IMAGE, choices, CATALOGUE, 1500)
    assert (request.model, dict(request.options)) == ("flux-schnell", {})


def test_a_seed_is_drawn_only_where_none_was_given() -> None:
    assert from_text("a fox --seed 5", Kind.IMAGE, {}, CATALOGUE, 1500).seed == 0
    drawn = {from_text("a fox", Kind.IMAGE, {}, CATALOGUE, 1500).seed for _ in range(5)}
    assert len(drawn) > 1
    assert all(0 < seed <= 2147483647 for seed in drawn)


def test_a_model_without_seeds_gets_none() -> None:
    plain = replace(CATALOGUE.models["flux-schnell"], options={})
    assert from_text("a fox", Kind.IMAGE, {}, Catalogue({"flux-schnell": plain}), 1500).seed == 0


def test_an_answer_stays_with_the_model_and_the_animated_picture() -> None:
    old = made(Kind.VIDEO, "seedance-lite", "waves", {"ar": "1:1"}, source="b" * 20)
    request = from_answer("slower", Kind.VIDEO, old, {"ar:video": "16:9"}, CATALOGUE, 1500)
    assert (request.prompt, request.source, dict(request.options)) == (
        "waves, slower",
        "b" * 20,
        {"ar": "1:1"},
    )
    assert request.seed not in (0, old.request.seed)


def test_an_answer_keeps_its_model_and_is_not_sent_to_the_settings() -> None:
    """Given a reply with an option that its model does not take, I expect no advice to choose another one:
    the reply would stay with its model all the same."""
    with pytest.raises(RequestError) as caught:
        from_answer("--no text", Kind.IMAGE, made(), {}, CATALOGUE, 1500)
    assert (caught.value.problem, caught.value.values["elsewhere"]) == (Problem.NOT_OFFERED, "")


def test_an_answer_of_another_kind_is_a_new_job_with_the_options_that_fit() -> None:
    old = made(options={"ar": "3:2", "seed": 5})
    request = from_answer("at night", Kind.VIDEO, old, {}, CATALOGUE, 1500)
    assert (request.model, request.source) == ("seedance-lite", "")
    assert dict(request.options) == {"seed": 5}


def test_an_answer_may_not_make_the_prompt_too_long() -> None:
    with pytest.raises(RequestError) as caught:
        from_answer("x" * 800, Kind.IMAGE, made(prompt="y" * 800), {}, CATALOGUE, 1500)
    assert (caught.value.problem, caught.value.values["count"]) == (Problem.TOO_LONG, 1602)


def test_again_is_the_same_but_for_the_seed() -> None:
    old = made(options={"ar": "16:9", "seed": 5}, seed=0, source="b" * 20)
    request = again(old, CATALOGUE)
    assert (request.prompt, dict(request.options)) == ("a fox", {"ar": "16:9"})
    assert request.seed > 0
    assert request.source == "b" * 20


def test_variations_keep_the_seed_and_do_not_pile_up() -> None:
    job = made(options={"seed": 5}, seed=0)
    seen = set()
    for press in range(40):
        request = variation(job, str(press), CATALOGUE)
        assert dict(request.options) == {"seed": 5}
        assert request.prompt.count(",") == 1
        assert request.prompt != job.request.prompt
        seen.add(request.prompt.removeprefix("a fox, "))
        job = replace(job, request=request)
    assert seen == set(VARIATIONS)


def test_the_same_press_is_the_same_variation() -> None:
    assert variation(made(), "123", CATALOGUE) == variation(made(), "123", CATALOGUE)


def test_an_animation_starts_from_the_jobs_picture() -> None:
    animator = CATALOGUE.animator()
    assert animator is not None
    request = animation(made(options={"ar": "16:9"}), animator)
    assert (request.kind, request.model, request.source) == (Kind.VIDEO, "seedance-lite", "a" * 20)
    assert request.prompt == "a fox"


def test_a_job_whose_model_is_gone_goes_on_with_the_default_one() -> None:
    old = made(model="long-gone", options={"ar": "16:9", "style": "x"})
    assert model_of(old, CATALOGUE).name == "flux-schnell"
    assert (again(old, CATALOGUE).model, dict(again(old, CATALOGUE).options)) == (
        "flux-schnell",
        {"ar": "16:9"},
    )
    assert variation(old, "1", CATALOGUE).model == "flux-schnell"
