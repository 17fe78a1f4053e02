"""Replies to a request that cannot be carried out as it was written. Pure."""

from collections.abc import Callable

from bot.requests.parser import Problem, RequestError
from chat.texts import LANGUAGES, Texts, texts
from jobs.model import Kind


def explain(error: RequestError, t: Texts) -> str:
    """Return one or two sentences that say what is wrong, and what to write instead."""
    return _SENTENCES[error.problem](t, **error.values)


def question(kind: Kind, t: Texts) -> str:
    """Return the question to a person who wants a picture or a video but has not described it."""
    if kind is Kind.VIDEO:
        return t("What should the video show? Write it in a few words, for example:\n/video waves at night")
    return t("What shall I make? Write it in a few words, for example:\n/image a red fox in the snow")


def example(kind: Kind, t: Texts) -> str:
    """Return the placeholder in the empty text field below the question."""
    return t("waves at night") if kind is Kind.VIDEO else t("a red fox in the snow")


def asked_for(text: str) -> Kind | None:
    """Return the kind that a message of the bot asks about; None where the message is no such question."""
    return next(
        (kind for kind in Kind for language in LANGUAGES if text == question(kind, texts(language))), None
    )


def _unknown_option(t: Texts, name: str, close: str, offered: str) -> str:
    if close:
        return t("I do not know --{name}. Did you mean --{close}?", name=name, close=close)
    if offered:
        return t("I do not know --{name}. This model takes {offered}.", name=name, offered=offered)
    return t("I do not know --{name}. This model takes no options.", name=name)


def _not_offered(t: Texts, name: str, model: str, elsewhere: str) -> str:
    if not elsewhere:
        return t("{model} does not take --{name}. Leave it out.", model=model, name=name)
    return t(
        "{model} does not take --{name}. Leave it out, or choose {elsewhere} in /settings.",
        model=model,
        name=name,
        elsewhere=elsewhere,
    )


_SENTENCES: dict[Problem, Callable[..., str]] = {
    Problem.NO_PROMPT: lambda t, kind: question(Kind(kind), t),
    Problem.TOO_LONG: lambda t, count, limit: t(
        "That is {count} characters, and I can take {limit}. Make it a little shorter and send it again.",
        count=count,
        limit=limit,
    ),
    Problem.UNKNOWN_OPTION: _unknown_option,
    Problem.NOT_OFFERED: _not_offered,
    Problem.NO_VALUE: lambda t, name: t(
        "--{name} needs a value behind it, for example: --{name} text", name=name
    ),
    Problem.BAD_CHOICE: lambda t, name, value, choices: (
        t("--{name} cannot be {value}. Choose one of: {choices}.", name=name, value=value, choices=choices)
        if value
        else t("--{name} needs a value behind it. Choose one of: {choices}.", name=name, choices=choices)
    ),
    Problem.BAD_NUMBER: lambda t, name, value, minimum, maximum: t(
        "--{name} takes a whole number from {minimum} to {maximum}, for example: --{name} 42",
        name=name,
        value=value,
        minimum=minimum,
        maximum=maximum,
    ),
}
