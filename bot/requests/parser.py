"""Parser of prompts and options: `a fox in snow --ar 16:9 --seed 42 --no text`. Pure."""

import difflib
import re
import unicodedata
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from config.catalogue import Catalogue, Model, Option
from jobs.model import Kind

Value = str | int

ALIASES = {"aspect": "ar", "ratio": "ar", "negative": "no"}
"""Option names that people know from other bots, and the catalogue's name for each."""

# Phones turn a typed "--" into a long dash. A long dash also begins ordinary words, so it starts an option
# only before the name of an option. "--" always starts an option, and an unknown name after it is an error.
_TOKEN = re.compile(
    r"""(?<!\S)(?P<dashes>[-‐‑–—―−]{2,3}|[–—―−])(?P<name>[^\W\d_][\w-]*)[=:]?
      | (?P<word>\S+)
      | (?P<space>\s+)""",
    re.VERBOSE,
)
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”|«[^»]*»|„[^“”]*[“”]')
_CLOSED_BY = {'"': '"', "“": "”", "«": "»", "„": "“”"}
_ROOM_FOR_OPTIONS = 200
"""Characters allowed for options, beside a prompt and the text of one option that both have full length."""
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
"""Characters that Unicode classes as letters or symbols but that show nothing.

They are the fillers of Hangul, the empty cell of Braille, and the musical note without a head.
"""
_QUOTES = '"“”«»„'


class Problem(StrEnum):
    """What is wrong with a request; `bot.requests.explain` has the reply to the person."""

    NO_PROMPT = "no_prompt"  # values: kind
    TOO_LONG = "too_long"  # values: count, limit
    UNKNOWN_OPTION = "unknown_option"  # values: name, close ("" when nothing is near), offered
    NOT_OFFERED = "not_offered"  # values: name, model, elsewhere (titles of models that have it, or "")
    NO_VALUE = "no_value"  # values: name
    BAD_CHOICE = "bad_choice"  # values: name, value, choices
    BAD_NUMBER = "bad_number"  # values: name, value, minimum, maximum


class RequestError(Exception):
    """A request cannot be carried out as written; lists in `values` are joined by ", "."""

    def __init__(self, problem: Problem, **values: Value) -> None:
        super().__init__(problem)
        self.problem = problem
        self.values = {name: _short(value) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A prompt and its options, by the catalogue's names, each with a value that the model takes."""

    prompt: str
    options: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    option: str = ""
    quoted: bool = False


def measured(text: str, longest: int) -> str:
    """Return the text, once it is checked to be short enough to parse.

    The bound is the longest request whose prompt and text option have at most `longest` characters each.

    Raises:
        RequestError: The text is too long.
    """
    if len(text) > 2 * longest + _ROOM_FOR_OPTIONS:
        raise RequestError(Problem.TOO_LONG, count=len(text), limit=longest)
    return text


def read(text: str, model: Model, catalogue: Catalogue, *, bound: bool = False) -> Wanted:
    """Separate the prompt from the options, and check the options against the model.

    The prompt may come out empty. If an option is given twice, the last one counts. The time is linear in the
    length of the text.

    Args:
        text: The request, without a command in front.
        model: The model of the request.
        catalogue: All models, whose options are known names.
        bound: The model is fixed, so the error for an option that it does not take suggests no other model.

    Raises:
        RequestError: An option is unknown, not one of the model's, or has a wrong value.
    """
    known = {name for each in catalogue.models.values() for name in each.options}
    tokens = deque(_tokens(text, known))
    prompt: list[str] = []
    options = {}
    while tokens:
        token = tokens.popleft()
        if not token.option:
            prompt.append(token.text)
            continue
        option = _offered(token.option, model, () if bound else catalogue.of_kind(model.kind), known)
        options[option.name] = _checked(option, _take(tokens, whole_text=_is_text(option)))
        prompt.append(" ")
    return Wanted(_unquoted(_plain("".join(prompt))), options)


def joined(old: Wanted, new: Wanted) -> Wanted:
    """Return the earlier request extended by a reply: both prompts, and the newer options over the older."""
    prompt = ", ".join(part for part in (old.prompt, new.prompt) if part)
    return Wanted(prompt, {**old.options, **new.options})


def complete(wanted: Wanted, longest: int, kind: Kind) -> Wanted:
    """Return the same, once it is checked for a visible prompt and for length.

    Args:
        wanted: The prompt and its options.
        longest: The most characters that the prompt, and each option's value, may have.
        kind: The kind that was asked for; the error names it.

    Raises:
        RequestError: There is no prompt, or a text is too long.
    """
    if not any(map(_visible, wanted.prompt)):
        raise RequestError(Problem.NO_PROMPT, kind=kind)
    for text in (wanted.prompt, *map(str, wanted.options.values())):
        if len(text) > longest:
            raise RequestError(Problem.TOO_LONG, count=len(text), limit=longest)
    return wanted


def fitting(options: Mapping[str, Value], model: Model) -> dict[str, Value]:
    """Return those options of another model that this model takes too, with their values."""
    kept = {}
    for name, value in options.items():
        try:
            kept[name] = _checked(model.options[name], str(value))
        except (KeyError, RequestError):
            continue
    return kept


def _tokens(text: str, known: set[str]) -> Iterator[_Token]:
    # The last place where each kind of quotation can end. A quote after that place is never closed, and
    # searches for its end would make the time quadratic.
    ends = {opening: max(map(text.rfind, closing)) for opening, closing in _CLOSED_BY.items()}
    at = 0
    while at < len(text):
        quotation = _QUOTED.match(text, at) if at < ends.get(text[at], -1) else None
        match = quotation or _TOKEN.match(text, at)
        if match is None:
            raise AssertionError("white space and all else are tokens")
        yield _Token(match[0], quoted=True) if quotation else _word(match, known)
        at = match.end()


def _word(match: "re.Match[str]", known: set[str]) -> _Token:
    name = (match["name"] or "").lower()
    name = name if name in known else ALIASES.get(name, name)
    is_option = name and (name in known or match["dashes"].startswith("--"))
    return _Token(match[0], name if is_option else "")


def _offered(name: str, model: Model, others: Collection[Model], known: Collection[str]) -> Option:
    """Return the model's option of this name.

    Raises:
        RequestError: The model has no such option. Of the `others`, the error names those that have it.
    """
    if name in model.options:
        return model.options[name]
    if name in known:
        titles = ", ".join(each.title for each in others if name in each.options)
        raise RequestError(Problem.NOT_OFFERED, name=name, model=model.title, elsewhere=titles)
    offered = ", ".join(f"--{each}" for each in model.options)
    close = difflib.get_close_matches(name, [*model.options, *ALIASES], n=1, cutoff=0.5)
    match = ALIASES.get(close[0], close[0]) if close else ""
    raise RequestError(
        Problem.UNKNOWN_OPTION, name=name, close=match if match in model.options else "", offered=offered
    )


def _take(tokens: deque[_Token], *, whole_text: bool) -> str:
    """Remove an option's value from the tokens, and return it.

    The value is one word or quotation, or with `whole_text` all words up to the next option.
    """
    while tokens and tokens[0].text.isspace():
        tokens.popleft()
    value: list[str] = []
    while tokens and not tokens[0].option:
        token = tokens.popleft()
        value.append(token.text)
        if token.quoted or not whole_text:
            break
    return _unquoted(_plain("".join(value)))


def _checked(option: Option, value: str) -> Value:
    if _is_text(option):
        if not value:
            raise RequestError(Problem.NO_VALUE, name=option.name)
        return value
    value = value.rstrip(",;.")
    if option.choices:
        return _choice(option, value)
    return _number(option, value)


def _choice(option: Option, value: str) -> str:
    wanted = re.sub(r"[x×х/：∶]", ":", value.lower()) if ":" in option.choices[0] else value.lower()
    for choice in option.choices:
        if choice.lower() == wanted:
            return choice
    raise RequestError(Problem.BAD_CHOICE, name=option.name, value=value, choices=", ".join(option.choices))


def _number(option: Option, value: str) -> int:
    low = option.minimum if option.minimum is not None else -(2**31)
    high = option.maximum if option.maximum is not None else 2**31 - 1
    if re.fullmatch(r"[+-]?[0-9]{1,19}", value) and low <= int(value) <= high:
        return int(value)
    raise RequestError(Problem.BAD_NUMBER, name=option.name, value=value, minimum=low, maximum=high)


def _is_text(option: Option) -> bool:
    return not option.choices and option.minimum is None and option.maximum is None


def _visible(char: str) -> bool:
    """Return whether a character shows anything by itself, unlike a blank, a combining mark or a filler."""
    return unicodedata.category(char)[0] in "LNPS" and char not in _BLANK


def _short(value: Value) -> Value:
    return value if isinstance(value, int) or len(value) <= 200 else f"{value[:60]}…"


def _plain(text: str) -> str:
    return " ".join(text.split())


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    quoted = len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES
    return inner.strip() if quoted and not any(quote in inner for quote in _QUOTES) else text
