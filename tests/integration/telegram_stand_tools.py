"""Tools of the stand's own tests: clients that check each answer against the spec, and files to send.

The machine-readable Bot API spec lies beside the checkout where it is available; without it the answers go
unchecked and the tests that are about nothing else are skipped.
"""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
from patience import LONG_S
from PIL import Image
from telegram.request import HTTPXRequest

Json = dict[str, Any]

SPEC_FILE = Path(__file__).parents[3] / "shared" / "specs" / "telegram-bot-api.json"


class Spec:
    """Checks values against the types of the Bot API."""

    def __init__(self, source: Json) -> None:
        self.methods: Json = source["methods"]
        self.types: Json = source["types"]

    def check_answer(self, method: str, result: Any) -> None:
        """AssertionError unless the result is one of the types that the method returns."""
        self._any(self.methods[method]["returns"], result, method)

    def _any(self, names: list[str], value: Any, where: str) -> None:
        problems = []
        for name in names:
            try:
                self.check(name, value, where)
            except AssertionError as problem:
                problems.append(str(problem))
            else:
                return
        raise AssertionError("; ".join(problems))

    def check(self, name: str, value: Any, where: str) -> None:
        """AssertionError that says where, unless the value is of the type."""
        simple: dict[str, Any] = {
            "Integer": int,
            "String": str,
            "Boolean": bool,
            "True": bool,
            "Float": (int, float),
        }
        if name in simple:
            fits = isinstance(value, simple[name]) and (name == "Boolean" or not isinstance(value, bool))
            assert (value is True) if name == "True" else fits, f"{where}: {value!r} is no {name}"
        elif name.startswith("Array of "):
            assert isinstance(value, list), f"{where}: {value!r} is no array"
            for index, item in enumerate(value):
                self.check(name.removeprefix("Array of "), item, f"{where}[{index}]")
        elif self.types[name].get("subtypes"):
            self._any(self.types[name]["subtypes"], value, where)
        else:
            self._object(name, value, where)

    def _object(self, name: str, value: Any, where: str) -> None:
        assert isinstance(value, dict), f"{where}: {value!r} is no {name}"
        fields = {field["name"]: field for field in self.types[name].get("fields", [])}
        missing = [field for field in fields if fields[field]["required"] and field not in value]
        assert not missing, f"{where}: {name} lacks {missing}"
        for key, item in value.items():
            assert key in fields, f"{where}: {name} has no field {key}"
            self._any(fields[key]["types"], item, f"{where}.{key}")


def load_spec() -> Spec | None:
    """The spec, or None where the file is missing."""
    return Spec(json.loads(SPEC_FILE.read_text())) if SPEC_FILE.exists() else None


_SPEC = load_spec()


def check_answer(method: str, body: Json) -> None:
    """Check a whole answer, successful or not."""
    if body["ok"]:
        assert set(body) == {"ok", "result"}
        if _SPEC:
            _SPEC.check_answer(method, body["result"])
    else:
        assert (
            {"ok", "error_code", "description"}
            <= set(body)
            <= {"ok", "error_code", "description", "parameters"}
        )
        if _SPEC and "parameters" in body:
            _SPEC.check("ResponseParameters", body["parameters"], method)


class Api:
    """A bare client of the Bot API for one token; every answer is checked against the spec."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.http = httpx.Client(
            base_url=f"{url}/bot{token}/",
            timeout=200,
            trust_env=False,
            verify=False,  # noqa: S501 - plain HTTP
        )

    def call(self, method: str, files: Any = None, **parameters: Any) -> Json:
        """The whole answer; parameters go as JSON, or as a form where there are files."""
        if files:
            form = {k: v if isinstance(v, str) else json.dumps(v) for k, v in parameters.items()}
            answer = self.http.post(method, data=form, files=files)
        else:
            answer = self.http.post(method, json=parameters)
        body: Json = answer.json()
        assert answer.status_code == (200 if body["ok"] else body["error_code"])
        check_answer(method, body)
        return body

    def ok(self, method: str, files: Any = None, **parameters: Any) -> Any:
        """The result of a call that must succeed."""
        body = self.call(method, files, **parameters)
        assert body["ok"], body
        return body["result"]

    def refused(self, method: str, files: Any = None, **parameters: Any) -> str:
        """The description of a call that must fail."""
        body = self.call(method, files, **parameters)
        assert not body["ok"], body
        return str(body["description"])


class CheckedRequest(HTTPXRequest):
    """python-telegram-bot's HTTP, with every answer checked against the spec."""

    async def do_request(self, url: str, method: str, *args: Any, **options: Any) -> tuple[int, bytes]:
        code, payload = await super().do_request(url, method, *args, **options)
        if "/file/" not in url:
            check_answer(url.rpartition("/")[2], json.loads(payload))
        return code, payload


def wait_until(condition: Callable[[], object], timeout: float = LONG_S) -> None:
    """Return when the condition is true; TimeoutError if it isn't within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition was not met")
        time.sleep(0.02)


def png(width: int = 64, height: int = 48, colour: tuple[int, int, int] = (200, 80, 20)) -> bytes:
    """A PNG."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def mp4(width: int = 64, height: int = 48, seconds: int = 2) -> bytes:
    """A silent H.264 MP4."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for step in range(5 * seconds):
            picture = np.full((height, width, 3), step * 20 % 255, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()
