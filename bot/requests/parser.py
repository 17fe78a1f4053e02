"""What a person wants, read from what they wrote: `a fox in snow --ar 16:9 --seed 42 --no text`. Pure."""

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
"""Names that people bring from other bots, for the catalogue's own."""

# Phones turn a typed "--" into a long dash. A long dash also begins ordinary words, so it starts an option
# only before a name that is one; "--" always does, and a name that is none is an error.
_TOKEN = re.compile(
    r"""(?<!\S)(?P<dashes>[-‐‑–—―−]{2,3}|[–—―−])(?P<name>[^\W\d_][\w-]*)[=:]?
      | (?P<word>\S+)
      | (?P<space>\s+)""",
    re.VERBOSE,
)
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”|«[^»]*»|„[^“”]*[“”]')
_CLOSED_BY = {'"': '"', "“": "”", "«": "»", "„": "“”"}
_ROOM_FOR_OPTIONS = 200
"""Characters that options take beside a prompt and a text of theirs, each of full length."""
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159")
"""Letters and symbols, by Unicode's classes, that look like nothing: fillers of Hangul, an empty cell of
Braille, a note without a head."""
_QUOTES = '"“”«»„'


class Problem(StrEnum):
    """What is wrong with a request; `bot.requests.explain` says it to the person."""

    NO_PROMPT = "no_prompt"  # values: kind
    TOO_LONG = "too_long"  # values: count, limit
    UNKNOWN_OPTION = "unknown_option"  # values: name, close ("" when nothing is near), offered
    NOT_OFFERED = "not_offered"  # values: name, model, elsewhere (titles of models that have it, or "")
    NO_VALUE = "no_value"  # values: name
    BAD_CHOICE = "bad_choice"  # values: name, value, choices
    BAD_NUMBER = "bad_number"  # values: name, value, minimum, maximum


class RequestError(Exception):
    """The request cannot be carried out as written; lists in `values` are joined by ", "."""

    def __init__(self, problem: Problem, **values: Value) -> None:
        super().__init__(problem)
        self.problem = problem
        self.values = {name: _short(value) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A prompt and the options given with it, by the catalogue's names, each a value the model takes."""

    prompt: str
    options: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    option: str = ""
    quoted: bool = False


def measured(text: str, longest: int) -> str:
    """Return a text that may be read: it is not longer than any request can be whose prompt has at most
    `longest` characters. Raises RequestError."""
    if len(text) > 2 * longest + _ROOM_FOR_OPTIONS:
        raise RequestError(Problem.TOO_LONG, count=len(text), limit=longest)
    return text


def read(text: str, model: Model, catalogue: Catalogue, *, bound: bool = False) -> Wanted:
    """Separate the prompt (it may come out empty) from the options, and check these against the model.

    The time is linear in the text's length. `text` has no command in front. Of an option given twice the
    last counts. `bound`: the request stays with this model, whatever is chosen in /settings. Raises
    RequestError.
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
    """An answer to an earlier request: its prompt goes on, and the newer options count first."""
    prompt = ", ".join(part for part in (old.prompt, new.prompt) if part)
    return Wanted(prompt, {**old.options, **new.options})


def complete(wanted: Wanted, longest: int, kind: Kind) -> Wanted:
    """The same, once there is a prompt and nothing is over `longest` characters. Raises RequestError.

    `kind` is what was asked for; the error says so.
    """
    if not any(map(_visible, wanted.prompt)):
        raise RequestError(Problem.NO_PROMPT, kind=kind)
    for text in (wanted.prompt, *map(str, wanted.options.values())):
        if len(text) > longest:
            raise RequestError(Problem.TOO_LONG, count=len(text), limit=longest)
    return wanted


def fitting(options: Mapping[str, Value], model: Model) -> dict[str, Value]:
    """Those of the options that the model takes, with these values: for options meant for another model."""
    kept = {}
    for name, value in options.items():
        try:
            kept[name] = _checked(model.options[name], str(value))
        except (KeyError, RequestError):
            continue
    return kept


def _tokens(text: str, known: set[str]) -> Iterator[_Token]:
    # Where a quotation can end for the last time: no quote behind it is closed, and none is looked for.
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
    """Return the model's option; what it does not take may be had of the `others`, if they do."""
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
    """Take an option's value off the tokens: one word or quotation, or all up to the next option."""
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
    """Return whether a character shows anything by itself: no blank, no mark on another one, no filler."""
    return unicodedata.category(char)[0] in "LNPS" and char not in _BLANK


def _short(value: Value) -> Value:
    return value if isinstance(value, int) or len(value) <= 200 else f"{value[:60]}…"


def _plain(text: str) -> str:
    return " ".join(text.split())


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    quoted = len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES
    return inner.strip() if quoted and not any(quote in inner for quote in _QUOTES) else text
