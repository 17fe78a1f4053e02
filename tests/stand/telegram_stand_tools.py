"""Tools of the stand's own tests: clients that check each answer against the spec, and files to send.

Without the spec the answers go unchecked, and the tests that are about nothing else are skipped.
"""

import io
import json
from typing import Any

import av
import httpx
import numpy as np
from PIL import Image
from telegram.request import HTTPXRequest
from telegram_spec import load_spec

Json = dict[str, Any]

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
