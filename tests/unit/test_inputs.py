"""What is sent to a provider for a job."""

from urllib.parse import parse_qs, urlsplit

import pytest

from config.catalogue import Catalogue, load_catalogue
from config.settings import Settings
from jobs.model import Kind, Request
from jobs.signing import is_signature
from tasks import inputs

SIGNING_SECRET = "0123456789abcdef"
JOB_ID = "abcdefghij234567abcd"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(Settings())


def test_a_bare_prompt_gets_the_models_own_input_and_defaults(catalogue: Catalogue) -> None:
    """Given no option, I expect the constants, the prompt and the defaults; what has none stays out."""
    fields = inputs.fields(Request(Kind.IMAGE, "flux-schnell", "a red fox"), catalogue.models["flux-schnell"])
    assert fields == {"prompt": "a red fox", "output_format": "png", "num_outputs": 1, "aspect_ratio": "1:1"}


def test_options_go_under_the_providers_names(catalogue: Catalogue) -> None:
    request = Request(Kind.IMAGE, "stable-diffusion-3", "a fox", {"ar": "16:9", "seed": 42, "no": "text"})
    fields = inputs.fields(request, catalogue.models["stable-diffusion-3"])
    assert fields == {
        "prompt": "a fox",
        "output_format": "png",
        "aspect_ratio": "16:9",
        "seed": 42,
        "negative_prompt": "text",
    }


@pytest.mark.parametrize(
    ("options", "drawn", "seed"), [({}, 7, 7), ({"seed": 42}, 7, 42), ({"seed": 0}, 7, 0), ({}, 0, None)]
)
def test_the_persons_seed_goes_before_the_drawn_one(
    catalogue: Catalogue, options: dict[str, str | int], drawn: int, seed: int | None
) -> None:
    """Given a seed of the person, even 0, it is sent; else the one drawn for the job; else none."""
    request = Request(Kind.IMAGE, "flux-schnell", "a red fox", options, seed=drawn)
    assert inputs.fields(request, catalogue.models["flux-schnell"]).get("seed") == seed


def test_an_option_that_the_model_does_not_have_is_not_sent(catalogue: Catalogue) -> None:
    """Given an option chosen for another model, this model's provider does not hear of it."""
    request = Request(Kind.IMAGE, "flux-schnell", "a red fox", {"no": "text", "fps": 24})
    assert {"no", "fps", "negative_prompt"}.isdisjoint(
        inputs.fields(request, catalogue.models["flux-schnell"])
    )


def test_the_persons_words_are_sent_as_they_are(catalogue: Catalogue) -> None:
    prompt = 'Лиса, "снег" & <b>\n{option}'
    model = catalogue.models["seedance-lite"]
    assert inputs.fields(Request(Kind.VIDEO, "seedance-lite", prompt), model)["prompt"] == prompt


def test_the_models_entry_stays_as_it_is(catalogue: Catalogue) -> None:
    model = catalogue.models["flux-schnell"]
    before = dict(model.input)
    inputs.fields(Request(Kind.IMAGE, "flux-schnell", "a red fox", {"ar": "16:9"}), model)
    assert model.input == before


@pytest.mark.parametrize("base", ["https://bot.example.com/hooks", "https://bot.example.com/hooks/"])
def test_a_provider_is_told_where_to_report_this_very_job(base: str) -> None:
    """Given a public address, the URL names provider and job, and is signed so that no other job passes."""
    settings = Settings(provider_webhook_url=base, signing_secret=SIGNING_SECRET)
    parts = urlsplit(inputs.webhook(settings, "replicate", JOB_ID))
    query = parse_qs(parts.query)
    assert (parts.netloc, parts.path) == ("bot.example.com", "/hooks/providers/replicate/webhook")
    assert query["job"] == [JOB_ID]
    assert is_signature(SIGNING_SECRET, JOB_ID, query["sig"][0])
    assert not is_signature(SIGNING_SECRET, "another", query["sig"][0])


def test_without_a_public_address_the_provider_reports_nowhere() -> None:
    assert inputs.webhook(Settings(signing_secret=SIGNING_SECRET), "replicate", JOB_ID) == ""
