"""`python -m deploy.health.page http://127.0.0.1:8080/healthz`: exit code 0 where the page is there."""

import http.client
import sys
from urllib.parse import urlsplit

ANSWERS_WITHIN_S = 3.0


def status(url: str) -> int:
    """The page's status. Raises OSError and http.client.HTTPException where there is no answer."""
    parts = urlsplit(url)
    server = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=ANSWERS_WITHIN_S)
    try:
        server.request("GET", parts.path or "/")
        return server.getresponse().status
    finally:
        server.close()


def main(url: str) -> str:
    """What is wrong, "" for nothing."""
    try:
        found = status(url)
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: {error!r}"
    return "" if found == 200 else f"{url}: HTTP {found}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) or 0)
