"""`python -m deploy.health.page http://127.0.0.1:8080/healthz`: exit with 0 if the page's status is 200."""

import http.client
import sys
from urllib.parse import urlsplit

ANSWERS_WITHIN_S = 3.0


def status(url: str) -> int:
    """Return the page's HTTP status. Raises OSError or http.client.HTTPException without a response."""
    parts = urlsplit(url)
    server = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=ANSWERS_WITHIN_S)
    try:
        server.request("GET", parts.path or "/")
        return server.getresponse().status
    finally:
        server.close()


def main(url: str) -> str:
    """Return what is wrong, "" if nothing is."""
    try:
        found = status(url)
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: {error!r}"
    return "" if found == 200 else f"{url}: HTTP {found}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) or 0)
