"""One call of the API, on its way through the stand."""

import dataclasses

from starlette.requests import Request

from stand.provider.stand import Stand


@dataclasses.dataclass(frozen=True)
class Call:
    """A request to the stand from an account: the bearer token, "" for the control API."""

    stand: Stand
    request: Request
    account: str = ""
