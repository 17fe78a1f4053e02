"""A Python client for the stand's control API, without imports from the server."""

import time
from types import TracebackType
from typing import Any, Self

import httpx

Json = dict[str, Any]


class ProviderStand:
    """The stand at `base_url`, such as `http://127.0.0.1:8090`; use it as a context manager.

    Raises:
        httpx.HTTPStatusError: from every method, when the stand refuses; its text says why.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = httpx.Client(base_url=f"{self.base_url}/control", timeout=60.0, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(self, method: str, path: str, body: Json | None = None, **query: str) -> Any:
        response = self._http.request(method, path, json=body, params=query)
        if response.is_error:
            raise httpx.HTTPStatusError(response.text, request=response.request, response=response)
        return response.json()

    def total(self, key: str | None = None) -> int:
        """Return the number of paid submissions, of all jobs or of the job with that key."""
        return int(self._submissions(key)["total"])

    def by_key(self) -> dict[str, int]:
        """Return the number of paid submissions of each job."""
        counts: dict[str, int] = self._submissions(None)["by_key"]
        return counts

    def submissions(self, key: str | None = None) -> list[Json]:
        """Return every paid submission as {id, at, model, key, prompt, paid}, of all jobs or of one."""
        made: list[Json] = self._submissions(key)["submissions"]
        return made

    def _submissions(self, key: str | None) -> Json:
        found: Json = (
            self._call("GET", "/submissions") if key is None else self._call("GET", "/submissions", key=key)
        )
        return found

    def settings(self, **changes: float | bool) -> Json:
        """Change the named settings (see `settings.Settings`) and return all of them."""
        shown: Json = self._call("POST", "/settings", dict(changes))
        return shown

    def fault(self, kind: str, on: str, **more: Any) -> None:
        """Order a fault.

        Args:
            kind: What goes wrong.
            on: Where it goes wrong.
            more: Further fields of `faults.Fault`: times, seconds, retry_after, match, error, url.
        """
        self._call("POST", "/faults", {"kind": kind, "on": on, **more})

    def faults(self) -> list[Json]:
        """Return the faults that are still to strike."""
        ordered: list[Json] = self._call("GET", "/faults")
        return ordered

    def clear_faults(self) -> None:
        """Cancel all faults."""
        self._call("DELETE", "/faults")

    def hold(self) -> None:
        """Keep predictions in `processing` from now on, until they are released."""
        self.settings(hold=True)

    def release(self, prediction_id: str | None = None) -> None:
        """Let one held prediction succeed; or let all of them succeed and end the hold."""
        if prediction_id is None:
            self.settings(hold=False)
        else:
            self.finish(prediction_id)

    def finish(
        self,
        prediction_id: str,
        status: str = "succeeded",
        *,
        error: str | None = None,
    ) -> Json:
        """End a prediction now and return it."""
        order = {"status": status} | ({} if error is None else {"error": error})
        ended: Json = self._call("POST", f"/predictions/{prediction_id}", order)
        return ended

    def progress(self, prediction_id: str, share: float) -> Json:
        """Set a prediction's progress, from 0 to 1, which its logs show."""
        shown: Json = self._call("POST", f"/predictions/{prediction_id}", {"progress": share})
        return shown

    def webhook(self, prediction_id: str, how: str = "resend", **more: Any) -> None:
        """Send a webhook again, or spoilt by a fault of `on: webhook`.

        Args:
            prediction_id: The prediction.
            how: "resend", or the kind of a fault.
            more: `event` (default "completed") and the `seconds` of a delay.
        """
        self._call("POST", f"/predictions/{prediction_id}/webhook", {"how": how, **more})

    def webhooks(self) -> list[Json]:
        """Return the outcome of each webhook: {prediction, event, url, at, fault, attempts, status}."""
        sent: list[Json] = self._call("GET", "/webhooks")
        return sent

    def predictions(self) -> list[Json]:
        """Return every prediction, oldest first, with its key, latency (seconds), seed and number of gets."""
        made: list[Json] = self._call("GET", "/predictions")
        return made

    def calls(self) -> Json:
        """Return {"calls": {endpoint: {status: n}}, "gets": {prediction id: n}}; status 0: no response."""
        counts: Json = self._call("GET", "/calls")
        return counts

    def downloads(self) -> list[Json]:
        """Return every download of an output: {url, prediction, authorization, status, at}."""
        made: list[Json] = self._call("GET", "/downloads")
        return made

    def files(self) -> list[Json]:
        """Return every uploaded file, with its signed `download` URL."""
        uploaded: list[Json] = self._call("GET", "/files")
        return uploaded

    def wait_for_submissions(self, count: int, *, key: str | None = None, seconds: float = 10.0) -> None:
        """Wait until there are `count` paid submissions.

        Raises:
            TimeoutError: There were fewer after `seconds`.
        """
        until = time.monotonic() + seconds
        while (made := self.total(key)) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{made} of {count} submissions after {seconds} s")
            time.sleep(0.02)
