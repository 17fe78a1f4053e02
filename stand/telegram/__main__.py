"""`python -m stand.telegram --host 127.0.0.1 --port 8081`: runs until SIGINT or SIGTERM."""

import argparse
import signal
import socket
import sys

import uvicorn

from own_site.sites import named
from stand.telegram.http.connection import StandProtocol
from stand.telegram.http.server import application
from stand.telegram.settings import Settings
from stand.telegram.world import World


class _Server(uvicorn.Server):
    """An uvicorn server that ends the long polls at the first signal; uvicorn itself would cut them off."""

    def __init__(self, config: uvicorn.Config, world: World) -> None:
        super().__init__(config)
        self._world = world

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._world.stop()
        await super().shutdown(sockets)


def _arguments() -> argparse.Namespace:
    defaults = Settings()
    parser = argparse.ArgumentParser(prog="python -m stand.telegram", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081, help="0 takes a free one")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name under which people open the page, such as a proxy's; may be repeated",
    )
    parser.add_argument("--history", type=int, default=defaults.history, help="messages kept per chat")
    parser.add_argument(
        "--spool-mb", type=int, default=defaults.spool_bytes >> 20, help="media kept on disk, MB"
    )
    parser.add_argument(
        "--upload-mb",
        type=int,
        default=defaults.upload_bytes >> 20,
        help="largest upload, MB (a Bot API server of one's own: 2000)",
    )
    parser.add_argument("--callback-seconds", type=float, default=defaults.callback_seconds)
    return parser.parse_args()


def main() -> int:
    """Run the server; return 1 if it cannot listen.

    It binds the port first. A taken port is then a clear error, and the number of port 0 is known.
    """
    arguments = _arguments()
    family = socket.AF_INET6 if ":" in arguments.host else socket.AF_INET
    # With the protocol left at 0 asyncio sets no TCP_NODELAY, and every response waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((arguments.host, arguments.port))
    except OSError as error:
        print(
            f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}; choose another --port",
            file=sys.stderr,
        )
        return 1
    listener.listen(2048)
    settings = Settings(
        history=arguments.history,
        spool_bytes=arguments.spool_mb << 20,
        upload_bytes=arguments.upload_mb << 20,
        callback_seconds=arguments.callback_seconds,
    )
    app = application(settings, named(arguments.allow_host, arguments.host))
    config = uvicorn.Config(
        app,
        http=StandProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
    )
    # uvicorn shuts down in order and then raises the signal again; an orderly stop must end with 0.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    print(f"telegram stand on http://{arguments.host}:{listener.getsockname()[1]}", flush=True)
    try:
        _Server(config, app.state.world).run(sockets=[listener])
    finally:
        app.state.world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
