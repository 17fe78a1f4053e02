"""`python -m bench.intake.noop --port 0`: an ASGI application that reads the body and responds with 200.

Served like the bot's own application, it shows the best that the machine, the HTTP server and the clients can
do.
"""

import argparse
import socket
from typing import Any

import uvicorn
import uvloop


async def answer(_scope: Any, receive: Any, send: Any) -> None:
    """Read the body to its end, and respond with 200."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(description="Serve a no-op.")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", options.port))
    listener.listen(2048)
    print(f"noop on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(answer, lifespan="off", ws="none", log_config=None, access_log=False)
    uvloop.run(uvicorn.Server(config).serve([listener]))


if __name__ == "__main__":
    main()
