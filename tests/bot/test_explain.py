"""Every way in which a request can be wrong has its sentence, in each language."""

import pytest

from bot.requests.explain import asked_for, example, explain, question
from bot.requests.parser import Problem, RequestError, Value
from chat.texts import LANGUAGES, texts
from jobs.model import Kind

CASES: list[tuple[Problem, dict[str, Value], str]] = [
    (Problem.NO_PROMPT, {"kind": "image"}, "/image"),
    (Problem.NO_PROMPT, {"kind": "video"}, "/video"),
    (Problem.TOO_LONG, {"count": 1602, "limit": 1500}, "1602"),
    (Problem.UNKNOWN_OPTION, {"name": "arr", "close": "ar", "offered": "--ar"}, "--ar?"),
    (Problem.UNKNOWN_OPTION, {"name": "arr", "close": "", "offered": "--seed"}, "--seed"),
    (Problem.UNKNOWN_OPTION, {"name": "arr", "close": "", "offered": ""}, "--arr"),
    (Problem.NOT_OFFERED, {"name": "no", "model": "A", "elsewhere": "B, C"}, "B, C"),
    (Problem.NOT_OFFERED, {"name": "no", "model": "A", "elsewhere": ""}, "--no"),
    (Problem.NO_VALUE, {"name": "no"}, "--no text"),
    (Problem.BAD_CHOICE, {"name": "ar", "value": "{5:4}", "choices": "1:1, 16:9"}, "{5:4}"),
    (Problem.BAD_CHOICE, {"name": "ar", "value": "", "choices": "1:1, 16:9"}, "1:1, 16:9"),
    (Problem.BAD_NUMBER, {"name": "seed", "value": "x", "minimum": 0, "maximum": 9}, "9"),
]


def test_no_problem_is_left_out() -> None:
    assert {problem for problem, _, _ in CASES} == set(Problem)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("problem", "values", "part"), CASES)
def test_the_sentence_holds_what_one_must_know(
    language: str, problem: Problem, values: dict[str, Value], part: str
) -> None:
    assert part in explain(RequestError(problem, **values), texts(language))


def test_what_is_quoted_back_is_cut_to_a_bearable_length() -> None:
    error = RequestError(Problem.BAD_CHOICE, name="ar", value="x" * 4000, choices="1:1")
    assert len(explain(error, texts("en"))) < 200


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_a_question_is_known_by_its_words(kind: Kind, language: str) -> None:
    """Given the bot's question in any language, when somebody replies to it, I expect its kind to be known,
    and its example to fit into the text field."""
    t = texts(language)
    assert asked_for(question(kind, t)) is kind
    assert 1 <= len(example(kind, t)) <= 64
    assert asked_for(f"{question(kind, t)} ") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_settings_are_named_only_where_they_help(language: str) -> None:
    for elsewhere in ("B, C", ""):
        error = RequestError(Problem.NOT_OFFERED, name="no", model="A", elsewhere=elsewhere)
        assert ("/settings" in explain(error, texts(language))) is bool(elsewhere)
