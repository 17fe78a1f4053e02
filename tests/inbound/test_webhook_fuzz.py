"""Malformed bodies, headers and paths at both doors: the answer is one of a few bare words, never a 5xx.

FUZZ_EXAMPLES sets how many of each of the seven kinds are tried; above the default they are drawn anew in
each run. `make fuzz` is the long form.
"""

import copy
import itertools
import json
import os
import socket
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from bot_stage import ROOT, TOKEN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webhook_stage import PROVIDER_KEY, SECRET, SIGNING, Door, said, signed

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
NO_HTTP = "Invalid HTTP request received."
BARE = ("", "Bad Request", "Unauthorized", "Forbidden", "Not Found", "Method Not Allowed", NO_HTTP)
SECRETS = (SECRET, SIGNING, PROVIDER_KEY, TOKEN, "Traceback", str(ROOT), ".py", "redis")
"""None of this is in any answer."""
PREDICTION = {"id": "p1", "status": "succeeded", "output": ["https://x/y"], "logs": " 50%", "error": None}

WORDS = [
    "telegram",
    "providers",
    "replicate",
    "webhook",
    "healthz",
    "readyz",
    "..",
    ".",
    "",
    "metrics",
    "%00",
]
LINES = [
    b"POST /telegram HTTP/1.1",
    b"POST /providers/replicate/webhook?job=fox&sig=x HTTP/1.1",
    b"GET /readyz HTTP/1.1",
    b"POST * HTTP/1.1",
    b"GET http://elsewhere/ HTTP/1.1",
    b"POST /telegram HTTP/9.9",
    b"Host: x",
    b"Host: x, y",
    b"Content-Length: 9",
    b"Content-Length: -1",
    b"Content-Length: 99999999999999999999999",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: chunked, gzip",
    b"Expect: 100-continue",
    b"Upgrade: websocket",
    b"Connection: upgrade, close",
    b"X-Telegram-Bot-Api-Secret-Token: " + SECRET.encode(),
    b"X-Telegram-Bot-Api-Secret-Token: \xff\x00",
    b"A" * 20_000 + b": b",
    b"webhook-timestamp: 1",
]

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
    assert answer.text in BARE


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


@quick
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "POKE"]),
    parts=st.lists(st.sampled_from(WORDS) | st.text(max_size=8).map(quote), max_size=5),
    query=st.text("jobsig=&%25;x/?#", max_size=30).map(lambda text: quote(text, safe="=&%;/?")),
    body=st.binary(max_size=50),
)
def test_other_paths_and_methods_lead_nowhere(
    door: Door, method: str, parts: list[str], query: str, body: bytes
) -> None:
    path = "/" + "/".join(parts)
    # With doubled slashes as they are. Dots the client resolves, which may lead to the pages of health.
    url = httpx.URL(door.url).copy_with(raw_path=f"{path}?{query}".encode())
    answer = door.http.request(method, url, content=body)
    if answer.status_code == 200:
        assert answer.text in ("alive\n", "ready\n", "")
        return
    bare(answer, {307, 400, 401, 403, 404, 405})


@quick
@given(
    lines=st.lists(st.sampled_from(LINES) | st.binary(max_size=60), min_size=1, max_size=6),
    ending=st.sampled_from([b"\r\n\r\n", b"\n\n", b"\r\n", b""]),
    body=st.binary(max_size=60),
)
def test_what_is_hardly_http_gets_a_plain_answer_or_none(
    door: Door, lines: list[bytes], ending: bytes, body: bytes
) -> None:
    """Given raw bytes on the port, I expect the server to close or to answer below 500, and to give nothing
    away."""
    address = urlsplit(door.url)
    with socket.create_connection((address.hostname, address.port or 0), timeout=20) as raw:
        raw.sendall(b"\r\n".join(lines) + ending + body)
        raw.shutdown(socket.SHUT_WR)
        told = b""
        try:
            while part := raw.recv(65_536):
                told += part
        except ConnectionResetError:
            pass  # it hung up
    for line in told.split(b"\r\n"):
        assert not line.startswith(b"HTTP/1.1 5"), told
    assert [each for each in SECRETS if each.encode() in told] == []


def test_the_bot_is_as_well_as_before(door: Door) -> None:
    assert door.http.get("/readyz").status_code == 200
    ann = door.stand.new_user()
    door.forget_requests()
    assert door.job(ann, "/image a fox after all that")
