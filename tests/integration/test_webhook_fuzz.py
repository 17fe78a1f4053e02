"""Malformed bodies at both doors: whatever is posted, the answer is one of a few bare words, never a 5xx.

FUZZ_EXAMPLES sets how many of each kind are tried; above the default they are drawn anew in each run.
"""

import copy
import itertools
import json
import os
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webhook_stage import Door, said, signed

pytest_plugins = ["webhook_door"]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 100,
    database=None,
    suppress_health_check=list(HealthCheck),
)

PERSON = {"id": 5, "is_bot": False, "first_name": "Ann", "language_code": "en"}
MESSAGE = said(5, "/image a fox --ar 16:9", 9)["message"]
UPDATES: list[dict[str, Any]] = [
    {"update_id": 1, "message": MESSAGE | {"entities": [{"type": "bot_command", "offset": 0, "length": 6}]}},
    {"update_id": 2, "message": MESSAGE | {"reply_to_message": MESSAGE, "media_group_id": "7"}},
    {"update_id": 3, "edited_message": MESSAGE | {"edit_date": 1}},
    {"update_id": 4, "message": {**MESSAGE, "sticker": {"file_id": "1"}, "text": None}},
    {
        "update_id": 5,
        "callback_query": {"id": "1", "from": PERSON, "message": MESSAGE, "chat_instance": "1", "data": "x"},
    },
]
NUMBERS = itertools.count(1)
PREDICTION = {"id": "p1", "status": "succeeded", "output": ["https://x/y"], "logs": " 50%", "error": None}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["", "\ud800", "\x00", "/cancel all", "again:x", "9" * 400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead there."""
    found = [way] if way else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found += places(each, (*way, key))
    return found


@st.composite
def mutations(draw: st.DrawFn, originals: list[dict[str, Any]]) -> dict[str, Any]:
    """Something genuine, of which one to three places are put wrong or left out."""
    mutant: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from(places(mutant)))
        parent: Any = mutant
        for key in way[:-1]:
            parent = parent[key]
        if draw(st.booleans()):
            parent[way[-1]] = draw(json_values)
        else:
            del parent[way[-1]]
        if not places(mutant):
            break
    return mutant


def bare(answer: httpx.Response, allowed: set[int]) -> None:
    """The status is one of those expected, and the text tells nothing."""
    assert answer.status_code in allowed, answer.text
    assert answer.text in ("", "Bad Request", "Unauthorized", "Forbidden", "Not Found")


@quick
@given(body=st.binary(max_size=300) | json_values.map(json.dumps).map(str.encode))
def test_telegrams_door_takes_no_nonsense(door: Door, body: bytes) -> None:
    bare(door.post(body), {400})


@quick
@given(update=mutations(UPDATES))
def test_telegrams_door_bears_updates_that_are_wrong_in_places(door: Door, update: dict[str, Any]) -> None:
    bare(door.post(update), {200, 400})


@quick
@given(body=st.binary(max_size=300), sig=st.none() | st.text(max_size=70), headers=st.booleans())
def test_the_providers_door_takes_no_nonsense(
    door: Door, body: bytes, sig: str | None, headers: bool
) -> None:
    bare(door.hint("fox", body, signed(b"", "msg_0") if headers else {}, sig), {401 if sig is None else 403})


@quick
@given(
    stamp=st.sampled_from(["nan", "inf", "-1", "1e400", "٣", "9" * 30])
    | st.text("0123456789.-e ", max_size=12),
    marks=st.text("v1, =aZ/+-", max_size=40),
    name=st.text("msg_", max_size=10),
)
def test_the_providers_door_bears_any_header(door: Door, stamp: str, marks: str, name: str) -> None:
    headers = {"webhook-id": name, "webhook-timestamp": stamp.strip(), "webhook-signature": marks.strip()}
    bare(door.hint("fox", b"{}", headers), {401})


@quick
@given(body=mutations([PREDICTION]) | json_values)
def test_the_providers_door_bears_whatever_is_truly_signed(door: Door, body: Any) -> None:
    content = json.dumps(body).encode()
    bare(door.hint("fox", content, signed(content, f"msg_{next(NUMBERS)}")), {200, 401})


def test_the_bot_is_as_well_as_before(door: Door) -> None:
    assert door.http.get("/readyz").status_code == 200
    ann = door.stand.new_user()
    door.forget_requests()
    assert door.job(ann, "/image a fox after all that")
