"""An S3 store for those who have none: moto's server as a process, empty at the start and gone at the end."""

import re
import sys
from types import TracebackType
from typing import Any, Self

import httpx

from sandbox.processes import Program

KEY = "AKIASTAND"
_READY = r"Running on (?P<url>http://\S+)"


class S3Stand:
    """A context manager. `url` is the endpoint; `bucket` exists. `locked`: once the bucket is
    made it refuses whatever keys it is given, as AWS does with wrong ones."""

    def __init__(self, bucket: str = "media", *, locked: bool = False) -> None:
        self.bucket = bucket
        env = {"INITIAL_NO_AUTH_ACTION_COUNT": "1" if locked else "inf"}
        argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        self._program = Program(argv, ready=_READY, timeout=60, env=env)
        # It looks at who asks, and not whether that is true.
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
        """End it; what it kept is gone."""
        self._http.close()
        self._program.close()

    @property
    def url(self) -> str:
        """The endpoint."""
        return self._program.url

    def settings(self, prefix: str = "") -> dict[str, Any]:
        """Settings of Darkroom that keep media here, under a prefix of its own."""
        return {
            "media_url": f"s3://{self.bucket}/{prefix}",
            "s3_endpoint_url": self.url,
            "s3_access_key_id": KEY,
            "s3_secret_access_key": "secret-of-the-stand",
        }

    def names(self) -> list[str]:
        """The keys of all files, of which people see none that is not complete."""
        return self._found("?list-type=2", "Key")

    def unfinished(self) -> list[str]:
        """The keys of uploads that were begun, and neither completed nor given up."""
        return self._found("?uploads", "Key")

    def delete(self, name: str) -> None:
        """Remove a file behind everybody's back."""
        self._http.delete(f"{self.url}/{self.bucket}/{name}").raise_for_status()

    def _found(self, query: str, tag: str) -> list[str]:
        answer = self._http.get(f"{self.url}/{self.bucket}{query}").raise_for_status().text
        return re.findall(f"<{tag}>([^<]+)</{tag}>", answer)
