"""An S3 store for the tests: moto's server as a process, empty at its start and lost at its end."""

import re
import sys
from types import TracebackType
from typing import Any, Self

import httpx

from sandbox.processes import Program

KEY = "AKIASTAND"
_READY = r"Running on (?P<url>http://\S+)"


class S3Stand:
    """An S3 server in memory, as a context manager.

    `url` is the endpoint; `bucket` exists.

    Args:
        bucket: The bucket to create.
        locked: Whether the server refuses all keys once the bucket is created, as AWS refuses wrong ones.
    """

    def __init__(self, bucket: str = "media", *, locked: bool = False) -> None:
        self.bucket = bucket
        env = {"INITIAL_NO_AUTH_ACTION_COUNT": "1" if locked else "inf"}
        argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        self._program = Program(argv, ready=_READY, timeout=60, env=env)
        # moto reads the key's name and does not check the signature.
        who = f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/s3/aws4_request"
        self._http = httpx.Client(trust_env=False, timeout=30, headers={"Authorization": who})

    def __enter__(self) -> Self:
        self._program.start()
        try:
            self._http.put(f"{self.url}/{self.bucket}").raise_for_status()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server; its files are lost."""
        self._http.close()
        self._program.close()

    @property
    def url(self) -> str:
        """The endpoint."""
        return self._program.url

    def settings(self, prefix: str = "") -> dict[str, Any]:
        """Return the settings with which Darkroom keeps its media here, under a prefix."""
        return {
            "media_url": f"s3://{self.bucket}/{prefix}",
            "s3_endpoint_url": self.url,
            "s3_access_key_id": KEY,
            "s3_secret_access_key": "secret-of-the-stand",
        }

    def names(self) -> list[str]:
        """Return the keys of all files. A file appears only when its upload is complete."""
        return self._found("?list-type=2", "Key")

    def unfinished(self) -> list[str]:
        """Return the keys of uploads that were begun and neither completed nor aborted."""
        return self._found("?uploads", "Key")

    def delete(self, name: str) -> None:
        """Remove a file without Darkroom's knowledge."""
        self._http.delete(f"{self.url}/{self.bucket}/{name}").raise_for_status()

    def _found(self, query: str, tag: str) -> list[str]:
        answer = self._http.get(f"{self.url}/{self.bucket}{query}").raise_for_status().text
        return re.findall(f"<{tag}>([^<]+)</{tag}>", answer)
