"""One call of the API."""

import dataclasses

from starlette.requests import Request

from stand.provider.stand import Stand


@dataclasses.dataclass(frozen=True)
class Call:
    """A request to the stand by an account: the bearer token, or "" for the control API."""

    stand: Stand
    request: Request
    account: str = ""
