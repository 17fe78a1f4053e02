"""Trouble on request: what the provider stand can do wrong, and what it counts."""

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from patience import eventually

from sandbox.processes import Program
from stand.provider.client import ProviderStand

ROOT = Path(__file__).parents[2]
SKETCH = "/v1/models/darkroom/sketch/predictions"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A stand in a process of its own, with the media of load runs."""
    argv = [sys.executable, "-m", "stand.provider", "--latency", "image=0.1,video=0.1", "--fast-media"]
    with Program(argv, ready=r"provider stand on (?P<url>http://\S+)", cwd=ROOT) as program:
        yield program.url


@pytest.fixture
def stand(url: str) -> Iterator[ProviderStand]:
    """The stand's control side, set back after the test."""
    with ProviderStand(url) as client:
        before = client.settings()
        yield client
        client.clear_faults()
        client.settings(**before)


@pytest.fixture
def api(url: str) -> Iterator[httpx.Client]:
    """A client of a new account."""
    headers = {"Authorization": f"Bearer account-{time.monotonic_ns()}"}
    with httpx.Client(base_url=url, headers=headers, timeout=20) as client:
        yield client


def draw(api: httpx.Client, prompt: str, **headers: str) -> Json:
    """A prediction, waited for."""
    answer = api.post(SKETCH, json={"input": {"prompt": prompt}}, headers={"Prefer": "wait", **headers})
    made: Json = answer.json()
    return made


def test_a_create_whose_answer_is_lost_is_made_and_paid(api: httpx.Client, stand: ProviderStand) -> None:
    """The connection closes without an answer; the prediction is there and counted once."""
    unanswered = stand.calls()["calls"].get("create", {}).get("0", 0)
    stand.fault("drop_answer", "create")
    with pytest.raises(httpx.RemoteProtocolError):
        draw(api, "lost")
    assert stand.total("lost") == 1
    (listed,) = api.get("/v1/predictions").json()["results"]
    assert [each["id"] for each in stand.submissions("lost")] == [listed["id"]]
    assert stand.calls()["calls"]["create"]["0"] == unanswered + 1


@pytest.mark.parametrize("kind", ["429", "500", "502", "reset"])
def test_a_create_that_is_refused_is_neither_made_nor_paid(
    api: httpx.Client, stand: ProviderStand, kind: str
) -> None:
    """It strikes as often as ordered, for the prompts that it is ordered for."""
    prompt = f"refused {kind}"
    stand.fault(kind, "create", times=2, match=prompt, retry_after=7)
    assert draw(api, "another")["status"] == "succeeded"
    for _ in range(2):
        if kind == "reset":
            with pytest.raises(httpx.ReadError):
                draw(api, prompt)
        else:
            answer = api.post(SKETCH, json={"input": {"prompt": prompt}})
            assert answer.status_code == answer.json()["status"] == int(kind)
            assert kind != "429" or answer.headers["retry-after"] == "7"
    assert stand.total(prompt) == 0
    assert draw(api, prompt)["status"] == "succeeded"
    assert stand.total(prompt) == 1


@pytest.mark.parametrize("status", [401, 402, 403, 404, 422])
@pytest.mark.parametrize("on", ["create", "get", "cancel"])
def test_a_call_can_be_refused_in_any_way(
    api: httpx.Client, stand: ProviderStand, on: str, status: int
) -> None:
    """Each refusal is a problem in JSON, strikes as often as ordered, and changes nothing."""
    stand.hold()
    made = api.post(SKETCH, json={"input": {"prompt": "wanted"}}).json()["id"]
    paid = stand.total()
    calls = {
        "create": lambda: api.post(SKETCH, json={"input": {"prompt": "wanted"}}),
        "get": lambda: api.get(f"/v1/predictions/{made}"),
        "cancel": lambda: api.post(f"/v1/predictions/{made}/cancel"),
    }
    stand.fault(str(status), on)
    answer = calls[on]()
    assert answer.status_code == answer.json()["status"] == status
    assert stand.total() == paid
    assert api.get(f"/v1/predictions/{made}").json()["status"] in ("starting", "processing")
    assert calls[on]().is_success


def test_a_success_can_hide_its_output_and_have_odd_logs(api: httpx.Client, stand: ProviderStand) -> None:
    made = draw(api, "shy")
    stand.fault("no_output", "get")
    stand.fault("odd_logs", "get")
    looks = [api.get(f"/v1/predictions/{made['id']}").json() for _ in range(3)]
    assert [look["status"] for look in looks] == ["succeeded"] * 3
    assert [look["output"] for look in looks] == [None, made["output"], made["output"]]
    assert [isinstance(look["logs"], str) for look in looks] == [True, False, True]


@pytest.mark.parametrize(("kind", "status"), [("404", 404), ("403", 403), ("empty", 200)])
def test_a_download_can_find_nothing_at_first(
    api: httpx.Client, stand: ProviderStand, kind: str, status: int
) -> None:
    stand.fault(kind, "output", match="late")
    (address,) = draw(api, "late")["output"]
    first, second = httpx.get(address), httpx.get(address)
    assert (first.status_code, first.content[:4] != b"\x89PNG") == (status, True)
    assert second.content[:4] == b"\x89PNG"


def test_an_output_can_be_one_of_several_files_and_of_another_brand(
    api: httpx.Client, stand: ProviderStand
) -> None:
    stand.fault("with_preview", "prediction", match="several")
    stand.fault("brand", "output", match="several", brand="iso4")
    address = "/v1/models/darkroom/motion/predictions"
    answer = api.post(address, json={"input": {"prompt": "several"}}, headers={"Prefer": "wait"})
    output = answer.json()["output"]
    assert list(output) == ["thumbnail", "meta", "video"]
    assert httpx.get(output["video"]).content[4:12] == b"ftypiso4"
    assert httpx.get(output["meta"]["log"]).status_code == 404


def test_gets_can_be_slow_broken_or_odd(api: httpx.Client, stand: ProviderStand) -> None:
    """A delay, a body cut in half, a status that nobody knows: each once, then all is well."""
    stand.hold()
    made = api.post(SKETCH, json={"input": {"prompt": "watched"}}).json()
    address = f"/v1/predictions/{made['id']}"
    eventually(lambda: api.get(address).json()["status"] == "processing")
    before = stand.calls()["gets"][made["id"]]
    stand.fault("delay", "get", seconds=0.3)
    began = time.monotonic()
    assert api.get(address).json()["status"] == "processing"
    assert time.monotonic() - began >= 0.3
    stand.fault("malformed", "get", match="watched")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        api.get(address).json()
    stand.fault("unknown_status", "get")
    assert api.get(address).json()["status"] == "warming"
    assert api.get(address).json()["status"] == "processing"
    assert stand.calls()["gets"][made["id"]] == before + 4
    stand.fault("500", "cancel")
    assert [api.post(f"{address}/cancel").status_code for _ in range(2)] == [500, 200]


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("fail", "failed", "CUDA out of memory"),
        ("refuse", "failed", "NSFW content detected"),
        ("wrong_output", "succeeded", None),
        ("inside_url", "succeeded", None),
    ],
)
def test_a_prediction_can_end_badly(
    api: httpx.Client, stand: ProviderStand, kind: str, status: str, error: str | None
) -> None:
    """Failure, refusal, an output of no known form, an address inside a network."""
    stand.fault(kind, "prediction", url="http://127.0.0.1:9/inside")
    ended = draw(api, f"bad {kind}")
    assert ended["status"] == status
    assert (error in ended["error"]) if error else ended["error"] is None
    if kind == "wrong_output":
        assert ended["output"] == {"unexpected": True}
    if kind == "inside_url":
        assert ended["output"] == ["http://127.0.0.1:9/inside"]


def test_a_prediction_can_hang_until_somebody_ends_it(api: httpx.Client, stand: ProviderStand) -> None:
    """never_finishes ends by hand alone; so does one with an unknown status."""
    stand.fault("never_finishes", "prediction")
    stuck = api.post(SKETCH, json={"input": {"prompt": "stuck"}}).json()["id"]
    stand.hold()
    stand.fault("unknown_status", "prediction")
    odd = api.post(SKETCH, json={"input": {"prompt": "odd"}}).json()["id"]
    eventually(lambda: api.get(f"/v1/predictions/{odd}").json()["status"] == "warming")
    eventually(lambda: api.get(f"/v1/predictions/{stuck}").json()["status"] == "processing")
    assert stand.finish(stuck, "failed", error="No more.")["error"] == "No more."
    assert stand.finish(odd)["status"] == "succeeded"
    assert api.get(f"/v1/predictions/{stuck}").json()["status"] == "failed"


@pytest.mark.parametrize("on", ["prediction", "output"])
def test_a_download_can_be_cut_short_or_be_no_picture(
    api: httpx.Client, stand: ProviderStand, on: str
) -> None:
    """Ordered for a prediction it stays with its address; ordered for outputs it strikes once."""
    stand.fault("cut_short", on, match="short")
    stand.fault("wrong_type", on, match="page")
    (short,), (page,) = draw(api, f"short {on}")["output"], draw(api, f"page {on}")["output"]
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        httpx.get(short)
    answer = httpx.get(page)
    assert (answer.headers["content-type"], answer.content[:6]) == ("image/png", b"<html>")
    if on == "output":
        assert httpx.get(short).content[:4] == httpx.get(page).content[:4] == b"\x89PNG"


def test_an_output_can_be_larger_than_anybody_wants(api: httpx.Client, stand: ProviderStand) -> None:
    """It promises and sends gigabytes; the reader has to stop."""
    stand.fault("huge_output", "prediction")
    (address,) = draw(api, "huge")["output"]
    with httpx.stream("GET", address) as answer:
        assert int(answer.headers["content-length"]) > 2**31
        read = 0
        for chunk in answer.iter_raw():
            read += len(chunk)
            if read > 2**20:
                break


def test_an_order_that_makes_no_sense_is_explained(stand: ProviderStand) -> None:
    """400 with what there is."""
    with pytest.raises(httpx.HTTPStatusError, match="'kind' on get is one of"):
        stand.fault("huge_output", "get")
    with pytest.raises(httpx.HTTPStatusError, match="'brand' has four letters"):
        stand.fault("brand", "output", brand="avc")
    with pytest.raises(httpx.HTTPStatusError, match="unknown setting 'sped'"):
        stand.settings(sped=1)
    with pytest.raises(httpx.HTTPStatusError, match="concurrency takes a number"):
        stand.settings(concurrency=-1)
    assert stand.faults() == []


def test_submissions_are_counted_per_job(api: httpx.Client, stand: ProviderStand) -> None:
    """The key is the job in the webhook's address, else the header, else the prompt."""
    stand.hold()
    body: Json = {"input": {"prompt": "counted"}}
    api.post(SKETCH, json={**body, "webhook": "http://127.0.0.1:9/hook?job=j-1"})
    api.post(SKETCH, json=body, headers={"X-Darkroom-Job": "j-2"})
    api.post(SKETCH, json=body, headers={"X-Darkroom-Job": "j-2"})
    api.post(SKETCH, json=body)
    counts = stand.by_key()
    assert [counts[key] for key in ("j-1", "j-2", "counted")] == [1, 2, 1]
    assert stand.total() == len(stand.submissions())


def test_a_taken_port_is_a_clear_error(url: str) -> None:
    """The second stand on a port ends at once and names the port and the option."""
    port = url.rpartition(":")[2]
    second = Program([sys.executable, "-m", "stand.provider", "--port", port], ready="stand on", cwd=ROOT)
    with pytest.raises(RuntimeError, match=rf"cannot listen on 127\.0\.0\.1:{port} \(--port\)"):
        second.start()
    second.close()


def test_the_end_is_orderly(tmp_path: Path) -> None:
    """SIGTERM during work: exit code 0, no complaint, and no files stay."""
    argv = [sys.executable, "-m", "stand.provider", "--latency", "image=30"]
    env = {"TMPDIR": str(tmp_path)}
    with Program(argv, ready=r"stand on (?P<url>http://\S+)", cwd=ROOT, env=env) as program:
        with ProviderStand(program.url) as stand:
            stand.hold()
            answer = httpx.post(
                program.url + SKETCH,
                json={"input": {"prompt": "unfinished"}},
                headers={"Authorization": "Bearer x"},
            )
            assert answer.status_code == 201
            eventually(lambda: stand.predictions()[0]["status"] == "processing")
        assert list(tmp_path.iterdir())
        assert program.terminate() == 0
        assert not re.search("Traceback|leaked", program.log_text)
        assert list(tmp_path.iterdir()) == []
