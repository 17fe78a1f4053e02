"""Building of requests from a person's message or press, their choices in /settings, and the catalogue."""

import hashlib
import random
from collections.abc import Mapping
from dataclasses import replace

from bot.requests.parser import Value, Wanted, complete, fitting, joined, measured, read
from config.catalogue import Catalogue, Model
from jobs.model import Job, Kind, Request

VARIATIONS = (
    "seen from another angle",
    "in a different light",
    "in a closer view",
    "in a wider view",
    "in other colours",
    "in a calmer mood",
)
"""Phrases that a variation adds to the prompt; in English, which the models know best."""


def chosen_model(kind: Kind, choices: Mapping[str, str], catalogue: Catalogue) -> Model:
    """Return the model chosen in /settings, or the kind's default where the catalogue does not have it."""
    model = catalogue.models.get(choices.get(f"model:{kind}", ""))
    return model if model is not None and model.kind == kind else catalogue.default(kind)


def chosen_options(model: Model, choices: Mapping[str, str]) -> dict[str, Value]:
    """Return the options chosen in /settings (the aspect ratio) that the model takes."""
    return fitting({"ar": choices.get(f"ar:{model.kind}", "")}, model)


def from_text(
    text: str, kind: Kind, choices: Mapping[str, str], catalogue: Catalogue, longest: int
) -> Request:
    """Return a request that does not build on an earlier job. Raises RequestError."""
    model = chosen_model(kind, choices, catalogue)
    wanted = complete(read(measured(text, longest), model, catalogue), longest, kind)
    return _request(model, Wanted(wanted.prompt, {**chosen_options(model, choices), **wanted.options}))


def from_answer(
    text: str, kind: Kind, answered: Job, choices: Mapping[str, str], catalogue: Catalogue, longest: int
) -> Request:
    """Return a request that extends the request of a finished job. Raises RequestError.

    A request of the job's own kind keeps the job's model, and the picture that the job animated.

    Args:
        text: The person's reply to the job's result.
        kind: The kind of the new request.
        answered: The finished job.
        choices: The person's choices in /settings.
        catalogue: The models.
        longest: The most characters that a prompt may have.
    """
    old = answered.request
    same = old.kind is kind
    model = model_of(answered, catalogue) if same else chosen_model(kind, choices, catalogue)
    before = Wanted(old.prompt, fitting(old.options, model))
    said = read(measured(text, longest), model, catalogue, bound=same)
    wanted = complete(joined(before, said), longest, kind)
    return _request(model, wanted, source=old.source if same else "")


def again(job: Job, catalogue: Catalogue) -> Request:
    """Return the job's request again, with a new random seed."""
    model = model_of(job, catalogue)
    options = {name: value for name, value in fitting(job.request.options, model).items() if name != "seed"}
    return _request(model, Wanted(job.request.prompt, options), source=job.request.source)


def variation(job: Job, press_id: str, catalogue: Catalogue) -> Request:
    """Return the job's request with the same seed and one of VARIATIONS added to the prompt.

    The id of the press chooses the phrase, so that a repeated press makes the same request.
    """
    model = model_of(job, catalogue)
    plain, last = job.request.prompt, ""
    for phrase in VARIATIONS:
        if plain.endswith(f", {phrase}"):
            plain, last = plain.removesuffix(f", {phrase}"), phrase
    phrases = [phrase for phrase in VARIATIONS if phrase != last]
    phrase = phrases[hashlib.sha256(press_id.encode()).digest()[0] % len(phrases)]
    return replace(
        job.request,
        model=model.name,
        prompt=f"{plain}, {phrase}",
        options=fitting(job.request.options, model),
    )


def animation(job: Job, animator: Model) -> Request:
    """Return a request for a video that starts from the job's picture."""
    return _request(animator, Wanted(job.request.prompt), source=job.id)


def model_of(job: Job, catalogue: Catalogue) -> Model:
    """Return the job's model, or the kind's default where the model has left the catalogue."""
    return catalogue.models.get(job.request.model) or catalogue.default(job.request.kind)


def _request(model: Model, wanted: Wanted, source: str = "") -> Request:
    kind = Kind(model.kind)
    return Request(kind, model.name, wanted.prompt, wanted.options, _seed(model, wanted.options), source)


def _seed(model: Model, options: Mapping[str, Value]) -> int:
    option = model.options.get("seed")
    if option is None or "seed" in options:
        return 0
    return random.randint(max(1, option.minimum or 1), option.maximum or 2**31 - 1)
