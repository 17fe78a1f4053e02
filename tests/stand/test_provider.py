"""The provider stand's API: every answer against Replicate's OpenAPI, its refusals, a prediction's life."""

import base64
import io
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]
import pytest
from patience import eventually
from PIL import Image

from sandbox.processes import Program
from stand.provider.client import ProviderStand

ROOT = Path(__file__).parents[2]
SPEC = ROOT.parent / "shared" / "specs" / "replicate-openapi.json"
SKETCH, MOTION = "/v1/models/darkroom/sketch/predictions", "/v1/models/darkroom/motion/predictions"
FAST = ["--latency", "image=0.1,video=0.1", "--image-size", "96", "--video-size", "64", "--seed", "1"]
OVERDUE = {"Authorization": "Bearer overdue"}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A stand in a process of its own, quick and small."""
    argv = [sys.executable, "-m", "stand.provider", *FAST]
    with Program(argv, ready=r"provider stand on (?P<url>http://\S+)", cwd=ROOT) as program:
        yield program.url


@pytest.fixture(scope="module", autouse=True)
def overdue(url: str) -> str:
    """The address of a prediction that would never end, with 5 s to its deadline: the last test looks."""
    with ProviderStand(url) as client:
        client.fault("never_finishes", "prediction", match="late")
    headers = {**OVERDUE, "Cancel-After": "5s"}
    made = httpx.post(url + SKETCH, json={"input": {"prompt": "late"}}, headers=headers).json()
    return str(made["urls"]["get"])


@pytest.fixture
def stand(url: str) -> Iterator[ProviderStand]:
    """The stand's control side, set back after the test."""
    with ProviderStand(url) as client:
        before = client.settings()
        yield client
        client.clear_faults()
        client.settings(**before)


@pytest.fixture(scope="module")
def schemas() -> Json | None:
    """Replicate's OpenAPI as JSON schemas, where it is at hand."""
    if not SPEC.exists():
        return None
    spec: Json = _nullable(json.loads(SPEC.read_text()))
    return spec


def _nullable(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON schema."""
    if isinstance(node, list):
        return [_nullable(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _nullable(value) for key, value in node.items()}
    if made.pop("nullable", None) is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


@pytest.fixture
def api(url: str, schemas: Json | None) -> Iterator[httpx.Client]:
    """A client of a new account, which checks each answer against the OpenAPI where there is one."""

    def check(response: httpx.Response) -> None:
        response.read()
        if schemas is None or response.status_code >= 400 or not response.content:
            return
        path = response.request.url.path.removeprefix("/v1")
        for template, methods in schemas["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                answers = methods[response.request.method.lower()]["responses"]
                content = answers[str(response.status_code)]["content"].get("application/json")
                if content is not None:
                    schema = {**content["schema"], "components": schemas["components"]}
                    jsonschema.Draft202012Validator(schema).validate(response.json())
                return

    headers = {"Authorization": f"Bearer account-{time.monotonic_ns()}"}
    with httpx.Client(base_url=url, headers=headers, timeout=20, event_hooks={"response": [check]}) as client:
        yield client


def test_every_answer_fits_the_openapi(api: httpx.Client, schemas: Json | None) -> None:
    """Predictions in every state, models, account, files, the secret."""
    if schemas is None:
        pytest.skip("no ../shared/specs/replicate-openapi.json beside the checkout")
    made = api.post(SKETCH, json={"input": {"prompt": "a fox"}}, headers={"Cancel-After": "5m"})
    assert made.status_code == 201
    waited = api.post(
        MOTION, json={"input": {"prompt": "waves", "duration": 2}}, headers={"Prefer": "wait=20"}
    )
    assert (waited.status_code, waited.json()["status"]) == (201, "succeeded")
    assert isinstance(waited.json()["output"], str)
    assert api.get(f"/v1/predictions/{made.json()['id']}").json()["deadline"] > made.json()["created_at"]
    assert api.post(f"/v1/predictions/{waited.json()['id']}/cancel").json()["status"] == "succeeded"
    assert {each["id"] for each in api.get("/v1/predictions").json()["results"]} == {
        made.json()["id"],
        waited.json()["id"],
    }
    upload = api.post("/v1/files", files={"content": ("a.txt", b"abc", "text/plain")}).json()
    paths = ["/v1/account", "/v1/models", "/v1/models/darkroom/motion", "/v1/webhooks/default/secret"]
    versions = "/v1/models/darkroom/sketch/versions"
    paths += ["/v1/files", f"/v1/files/{upload['id']}", versions]
    paths.append(f"{versions}/{api.get('/v1/models/darkroom/sketch').json()['latest_version']['id']}")
    assert [api.get(path).status_code for path in paths] == [200] * len(paths)
    assert api.delete(f"/v1/files/{upload['id']}").status_code == 204


def test_an_upload_is_downloaded_by_its_signed_address_alone(api: httpx.Client, stand: ProviderStand) -> None:
    """The right signature gives the bytes; a wrong one, or none, gives 404."""
    upload = api.post("/v1/files", files={"content": ("a.txt", b"abc", "text/plain")}).json()
    (signed,) = [each["download"] for each in stand.files() if each["id"] == upload["id"]]
    assert httpx.get(signed).content == b"abc"
    assert httpx.get(signed + "x").status_code == 404
    assert httpx.get(signed.partition("?")[0]).status_code == 404


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({}, "input", "prompt is required"),
        ({"prompt": 5}, "input.prompt", "Expected: string, given: integer"),
        ({"prompt": "x" * 2001}, "input.prompt", "less than or equal to 2000"),
        ({"prompt": "x", "aspect_ratio": "5:1"}, "input.aspect_ratio", "must be one of the following"),
        ({"prompt": "x", "seed": -1}, "input.seed", "greater than or equal to 0"),
        ({"prompt": "x", "seed": 2**32}, "input.seed", "less than or equal to 4294967295"),
        ({"prompt": "x", "steps": 5}, "input", "steps is not allowed"),
        ("prompt", "input", "Expected: object"),
    ],
)
def test_a_wrong_input_is_refused_by_field(api: httpx.Client, given: Any, field: str, words: str) -> None:
    """422 in Replicate's words; nothing is made."""
    answer = api.post(SKETCH, json={"input": given})
    body = answer.json()
    assert (answer.status_code, body["status"], body["title"]) == (422, 422, "Input validation failed")
    assert [each["field"] for each in body["invalid_fields"]] == [field]
    assert words in body["detail"]
    assert api.get("/v1/predictions").json()["results"] == []


def test_what_is_not_there_is_refused(api: httpx.Client, url: str) -> None:
    """No token 401, unknown model or path 404, unknown version 422, another account's prediction 404."""
    assert httpx.get(f"{url}/v1/account").json() == {
        "title": "Unauthenticated",
        "detail": "You did not pass an authentication token",
        "status": 401,
    }
    assert api.post("/v1/models/darkroom/oil/predictions", json={"input": {}}).status_code == 404
    assert api.get("/v1/nothing").json()["status"] == 404
    unknown = api.post("/v1/predictions", json={"version": "0" * 64, "input": {"prompt": "x"}})
    assert (unknown.status_code, unknown.json()["title"]) == (422, "Invalid version or not permitted")
    made = api.post("/v1/predictions", json={"version": "darkroom/sketch", "input": {"prompt": "x"}}).json()
    other = httpx.get(made["urls"]["get"], headers={"Authorization": "Bearer other"})
    assert (other.status_code, other.json()["status"]) == (404, 404)
    assert api.post(SKETCH, content=b"{").status_code == 400
    assert api.post(SKETCH, json={"input": {"prompt": "x"}, "webhok": "http://x"}).status_code == 400


def test_waiting_ends_with_202_where_the_model_is_slower(api: httpx.Client, stand: ProviderStand) -> None:
    """Prefer: wait=1 on a held prediction."""
    stand.hold()
    answer = api.post(SKETCH, json={"input": {"prompt": "slow"}}, headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["status"]) == (202, "processing")


def test_logs_grow_like_a_diffusion_run(api: httpx.Client, stand: ProviderStand) -> None:
    """Progress set by hand shows as tqdm's line; the end is 100 %."""
    stand.hold()
    made = api.post(SKETCH, json={"input": {"prompt": "steps"}}).json()
    eventually(lambda: api.get(f"/v1/predictions/{made['id']}").json()["status"] == "processing")
    stand.progress(made["id"], 0.5)
    logs = api.get(f"/v1/predictions/{made['id']}").json()["logs"]
    assert re.search(r"^ 50%\|█████     \| 14/28 \[\d\d:\d\d<\d\d:\d\d, .+it/s\]$", logs.splitlines()[-1])
    stand.release(made["id"])
    assert "100%|██████████| 28/28" in api.get(f"/v1/predictions/{made['id']}").json()["logs"]


def test_outputs_expire(api: httpx.Client, stand: ProviderStand) -> None:
    """After the time to live the address is 404, and the prediction's data is removed."""
    made = api.post(SKETCH, json={"input": {"prompt": "brief"}}, headers={"Prefer": "wait"}).json()
    (address,) = made["output"]
    assert httpx.head(address).status_code == 200
    stand.settings(ttl_s=0)
    assert httpx.get(address).status_code == 404
    shown = api.get(f"/v1/predictions/{made['id']}").json()
    assert (shown["data_removed"], shown["output"], shown["logs"]) == (True, None, "")


def test_the_list_has_pages_of_a_hundred(url: str, stand: ProviderStand) -> None:
    """Forward to the last page and back to the first, without the inputs."""
    stand.hold()
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer lister"}) as api:
        bodies = [{"input": {"prompt": f"page {n}"}} for n in range(103)]
        made = [api.post(SKETCH, json=body).json()["id"] for body in bodies]
        first = api.get("/v1/predictions").json()
        assert [each["id"] for each in first["results"]] == made[:2:-1]
        assert first["previous"] is None
        assert first["results"][0]["input"] == {}
        last = api.get(first["next"]).json()
        assert [each["id"] for each in last["results"]] == made[2::-1]
        assert last["next"] is None
        again = api.get(last["previous"]).json()
        assert [each["id"] for each in again["results"]] == made[:2:-1]
        for place, oldest in enumerate(first["results"], start=1):
            after = api.get("/v1/predictions", params={"created_after": oldest["created_at"]}).json()
            assert [each["id"] for each in after["results"]] == made[: -place - 1 : -1]


def test_limits_are_per_account_and_name_the_wait(api: httpx.Client, stand: ProviderStand) -> None:
    """Above the limit: 429 with the seconds; another account is served."""
    stand.settings(creates_per_min=2, hold=True)
    body = {"input": {"prompt": "many"}}
    answers = [api.post(SKETCH, json=body) for _ in range(3)]
    assert [each.status_code for each in answers] == [201, 201, 429]
    assert [each.headers["ratelimit-remaining"] for each in answers] == ["1", "0", "0"]
    refused = answers[2]
    assert re.fullmatch(
        r"Request was throttled\. Your rate limit resets in ~\d+s\.", refused.json()["detail"]
    )
    assert refused.json()["retry_after"] == int(refused.headers["retry-after"]) <= 60
    assert api.get("/v1/predictions").status_code == 200
    assert api.post(SKETCH, json=body, headers={"Authorization": "Bearer other"}).status_code == 201


def test_a_cap_makes_predictions_wait_their_turn(api: httpx.Client, stand: ProviderStand) -> None:
    """Concurrency 1: the second starts when the first has ended, and a cancelled one gives up its place."""
    stand.settings(concurrency=1, hold=True)
    made = [api.post(SKETCH, json={"input": {"prompt": f"turn {n}"}}).json()["id"] for n in range(3)]

    def status(at: int) -> str:
        return str(api.get(f"/v1/predictions/{made[at]}").json()["status"])

    eventually(lambda: status(0) == "processing")
    assert (status(1), status(2)) == ("starting", "starting")
    api.post(f"/v1/predictions/{made[1]}/cancel")
    stand.release(made[0])
    eventually(lambda: status(2) == "processing")
    assert (status(0), status(1)) == ("succeeded", "canceled")


def test_a_picture_may_come_inline_but_not_from_elsewhere(api: httpx.Client) -> None:
    """A data: URL is read; another machine is not contacted; what is no picture fails the prediction."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(buffer, "PNG")
    inline = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    ends = []
    for image in (inline, "http://192.0.2.1/a.png", "data:text/plain,nothing"):
        body = {"input": {"prompt": "rain", "image": image, "duration": 2}}
        ends.append(api.post(MOTION, json=body, headers={"Prefer": "wait"}).json())
    assert [each["status"] for each in ends] == ["succeeded", "failed", "failed"]
    assert "from this machine only" in ends[1]["error"]
    assert "cannot be read" in ends[2]["error"]


def test_a_prediction_past_its_deadline_is_cancelled(api: httpx.Client, overdue: str) -> None:
    """Cancel-After has a floor of 5 s, as Replicate's has; a shorter one is refused."""
    body = {"input": {"prompt": "x"}}
    assert api.post(SKETCH, json=body, headers={"Cancel-After": "1s"}).status_code == 400
    eventually(lambda: httpx.get(overdue, headers=OVERDUE).json()["status"] == "canceled")
