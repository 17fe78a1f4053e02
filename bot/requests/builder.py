"""Requests made of what a person wrote or pressed, their choices in /settings, and the catalogue."""

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
"""What a variation adds to the prompt; in English, which the models know best."""


def chosen_model(kind: Kind, choices: Mapping[str, str], catalogue: Catalogue) -> Model:
    """The model chosen in /settings, or the kind's default where it is not in the catalogue (any more)."""
    model = catalogue.models.get(choices.get(f"model:{kind}", ""))
    return model if model is not None and model.kind == kind else catalogue.default(kind)


def chosen_options(model: Model, choices: Mapping[str, str]) -> dict[str, Value]:
    """The options chosen in /settings (the aspect ratio), where the model takes them."""
    return fitting({"ar": choices.get(f"ar:{model.kind}", "")}, model)


def from_text(
    text: str, kind: Kind, choices: Mapping[str, str], catalogue: Catalogue, longest: int
) -> Request:
    """A request of its own. Raises RequestError."""
    model = chosen_model(kind, choices, catalogue)
    wanted = complete(read(measured(text, longest), model, catalogue), longest, kind)
    return _request(model, Wanted(wanted.prompt, {**chosen_options(model, choices), **wanted.options}))


def from_answer(
    text: str, kind: Kind, answered: Job, choices: Mapping[str, str], catalogue: Catalogue, longest: int
) -> Request:
    """A request that goes on from a finished job's. Raises RequestError.

    Of the same kind it stays with that job's model, and with the picture that the job animated.
    """
    old = answered.request
    same = old.kind is kind
    model = model_of(answered, catalogue) if same else chosen_model(kind, choices, catalogue)
    before = Wanted(old.prompt, fitting(old.options, model))
    said = read(measured(text, longest), model, catalogue, bound=same)
    wanted = complete(joined(before, said), longest, kind)
    return _request(model, wanted, source=old.source if same else "")


def again(job: Job, catalogue: Catalogue) -> Request:
    """The same once more, with a seed drawn anew."""
    model = model_of(job, catalogue)
    options = {name: value for name, value in fitting(job.request.options, model).items() if name != "seed"}
    return _request(model, Wanted(job.request.prompt, options), source=job.request.source)


def variation(job: Job, press_id: str, catalogue: Catalogue) -> Request:
    """Nearly the same: the same seed, and a few words more that the press chooses."""
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
    """A video that starts from the job's picture."""
    return _request(animator, Wanted(job.request.prompt), source=job.id)


def model_of(job: Job, catalogue: Catalogue) -> Model:
    """The job's model, or its kind's default where that has left the catalogue."""
    return catalogue.models.get(job.request.model) or catalogue.default(job.request.kind)


def _request(model: Model, wanted: Wanted, source: str = "") -> Request:
    kind = Kind(model.kind)
    return Request(kind, model.name, wanted.prompt, wanted.options, _seed(model, wanted.options), source)


def _seed(model: Model, options: Mapping[str, Value]) -> int:
    option = model.options.get("seed")
    if option is None or "seed" in options:
        return 0
    return random.randint(max(1, option.minimum or 1), option.maximum or 2**31 - 1)
