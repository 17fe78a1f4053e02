"""JSON of strangers is measured before it is parsed."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outside import shape

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(VALUES)
def test_ordinary_json_is_what_the_parser_makes_of_it(value: object) -> None:
    """Given any value, texts with quotes, brackets and backslashes among them, I expect that value."""
    assert shape.parsed(json.dumps(value).encode()) == value
    assert shape.parsed(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")) == value


@pytest.mark.parametrize("open_close", ["[]", '{"a":}'])
def test_nesting_is_bounded(open_close: str) -> None:
    """Given as many brackets as are allowed, I expect the value; given more, a refusal."""
    start, end = (open_close[:-1], open_close[-1])
    deepest = start * shape.DEEPEST + "1" + end * shape.DEEPEST
    assert shape.parsed(deepest.encode())
    for text in (start + deepest + end, start * 700, start * 1_000_000):
        with pytest.raises(ValueError, match=r"more than"):
            shape.parsed(text.encode())


@pytest.mark.parametrize("body", [b'["[[[[["]', json.dumps({"logs": "[" * 5000 + '\\"{' * 5000}).encode()])
def test_brackets_in_texts_are_no_nesting(body: bytes) -> None:
    assert shape.parsed(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" + b"[]," * 2_700_000 + b"1]", id="lists"),
        pytest.param(b"[" + b"{}," * 2_700_000 + b"1]", id="objects"),
        pytest.param(b"[" + b'"ab",' * 1_600_000 + b"1]", id="texts"),
        pytest.param(b"[" + b"12345," * 1_300_000 + b"1]", id="numbers"),
        pytest.param(b"[" * 8_000_000, id="brackets"),
        pytest.param(b'"' * 8_000_000, id="quotes"),
        pytest.param(b"[" + b'[],' * 2_600_000 + b'"\\', id="cut short"),
    ],
)  # fmt: skip
def test_what_is_small_to_send_and_large_to_keep_is_not_parsed(body: bytes) -> None:
    """Given 8 MB that would take up to 250 MB, I expect it refused for a fraction of that."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than"):
            shape.parsed(body)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe[\x00]\x00", b'["\xff"]', b"nul", b"9" * 5000, b" " * (shape.LARGEST + 1)],
    ids=lambda body: repr(body[:8]),
)
def test_what_is_no_json_is_a_value_error_that_does_not_show_it(body: bytes) -> None:
    """Given other encodings, halves and too much, I expect one kind of error, short enough for a log."""
    with pytest.raises(ValueError, match=r"no JSON|more than|integer string|Exceeds") as caught:
        shape.parsed(body)
    assert type(caught.value) is ValueError
    assert len(repr(caught.value)) < 200


def test_half_a_character_is_replaced() -> None:
    assert shape.clean(json.loads('"a\\ud800b"')) == "a\N{REPLACEMENT CHARACTER}b"
