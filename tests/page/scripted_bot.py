"""A bot that a test drives step by step, and the media that it sends."""

import io
import json
from typing import Any

import av
import httpx
import numpy as np
from PIL import Image

Json = dict[str, Any]
Files = dict[str, tuple[str, bytes, str]]

LONGEST_QUEUE = 50


class ScriptedBot:
    """Plain calls of the Bot API at `base_url`; stands in for the product."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.Client(
            base_url=f"{base_url}/bot7000000001:{'A' * 35}", timeout=15, trust_env=False
        )
        self._offset = 0
        self.call("getMe")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(self, method: str, files: Files | None = None, **params: Any) -> Any:
        """The call's `result`; an answer that is not ok fails the test with Telegram's words."""
        if files:
            form = {name: json.dumps(v) if isinstance(v, dict) else str(v) for name, v in params.items()}
            answer = self._http.post(method, data=form, files=files).json()
        else:
            answer = self._http.post(method, json=params).json()
        assert answer["ok"], answer
        return answer["result"]

    def next(self, kind: str) -> Json:
        """The next update of a kind ("message", "callback_query", ...), drops those before it; waits 5 s."""
        for _ in range(LONGEST_QUEUE):
            for update in self.call("getUpdates", offset=self._offset, timeout=5, limit=1):
                self._offset = update["update_id"] + 1
                if kind in update:
                    found: Json = update[kind]
                    return found
        raise AssertionError(f"no {kind} came to the bot")

    def say(self, chat: int, text: str, **more: Any) -> int:
        """Send a text; returns its message id."""
        return int(self.call("sendMessage", chat_id=chat, text=text, **more)["message_id"])

    def edit(self, chat: int, message_id: int, text: str) -> None:
        """Change a text."""
        self.call("editMessageText", chat_id=chat, message_id=message_id, text=text)

    def develop(self, chat: int, message_id: int, caption: str) -> None:
        """Put a photo in the place of a status message's text."""
        media = {"type": "photo", "media": "attach://photo", "caption": caption}
        files = {"photo": ("photo.png", picture(), "image/png")}
        self.call("editMessageMedia", files, chat_id=chat, message_id=message_id, media=media)


def picture(width: int = 320, height: int = 240) -> bytes:
    """A PNG of safelight red."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (180, 40, 30)).save(out, "PNG")
    return out.getvalue()


def clip(width: int = 160, height: int = 96, frames: int = 24) -> bytes:
    """H.264 in MP4, 24 frames a second."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            grey = np.full((height, width, 3), number * 10, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    return out.getvalue()
