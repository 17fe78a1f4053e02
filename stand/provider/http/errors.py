"""Errors in Replicate's format: `{"title", "detail", "status"}` as `application/problem+json`."""

from typing import Any

from starlette.responses import JSONResponse


class Problem(Exception):
    """An error response of the API, raised by the calls."""

    def __init__(
        self, status: int, title: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers
        self.body = {"title": title, "detail": detail, "status": status, **more}

    def response(self) -> JSONResponse:
        """Return the HTTP response."""
        return JSONResponse(
            self.body, status_code=self.status, headers=self.headers, media_type="application/problem+json"
        )


def unauthenticated() -> Problem:
    """Return the error for a call without a token."""
    return Problem(401, "Unauthenticated", "You did not pass an authentication token")


def not_found(detail: str = "The requested resource could not be found.") -> Problem:
    """Return the error for an object that does not exist or belongs to another account."""
    return Problem(404, "Not found", detail)


def bad_request(detail: str) -> Problem:
    """Return the error for a body that the endpoint does not accept."""
    return Problem(400, "Bad Request", detail)


def refused(status: int) -> Problem:
    """Return an ordered error, with the text of the real provider for this status."""
    if status == 401:
        return unauthenticated()
    if status == 402:
        return Problem(402, "Insufficient credit", "You have insufficient credit to run this model.")
    if status == 403:
        return Problem(403, "Forbidden", "You do not have permission to perform this action.")
    return not_found() if status == 404 else invalid_version()


def throttled(seconds: float) -> Problem:
    """Return the error for too many calls; body and headers name the wait, as the real provider's do."""
    wait = max(1, round(seconds))
    return Problem(
        429,
        "Request was throttled",
        f"Request was throttled. Your rate limit resets in ~{wait}s.",
        headers={"Retry-After": str(wait), "ratelimit-remaining": "0", "ratelimit-reset": str(wait)},
        retry_after=wait,
    )


def invalid_version() -> Problem:
    """Return the error for a create call whose version is not on this stand."""
    return Problem(
        422,
        "Invalid version or not permitted",
        "The specified version does not exist (or perhaps you don't have permission to use it?)",
    )
