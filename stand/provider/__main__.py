"""`python -m stand.provider`: start the provider stand."""

import argparse
import signal
import socket
import sys
from types import FrameType
from urllib.parse import urlsplit

import uvicorn

from own_site.sites import named
from stand.provider.http.connections import Line
from stand.provider.http.server import application
from stand.provider.settings import Settings
from stand.provider.stand import Options, Stand

DEFAULTS = Settings()


class Server(uvicorn.Server):
    """An uvicorn server that prints its address once it listens."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then print the address."""
        await super().startup(sockets)
        print(f"provider stand on {self._address}", flush=True)


def _latency(text: str) -> dict[str, float]:
    names = {"image": "image_mean_s", "video": "video_mean_s"}
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {names[name.strip()]: float(seconds) for name, seconds in pairs}
    except (KeyError, ValueError):
        raise argparse.ArgumentTypeError(
            f"give means in seconds, as in image=6,video=14; not {text!r}"
        ) from None


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m stand.provider", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port (default)")
    parser.add_argument("--public-url", help="the address in the URLs that the stand gives out")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name under which programs ask it, such as a proxy's; may be repeated",
    )
    parser.add_argument(
        "--latency", type=_latency, default={}, help="mean seconds, as in image=6,video=14 (default)"
    )
    parser.add_argument(
        "--sigma", type=float, default=DEFAULTS.sigma, help="spread of the log-normal latency"
    )
    parser.add_argument("--seed", type=int, help="makes latencies and seeds the same in every run")
    parser.add_argument("--ttl", type=float, default=DEFAULTS.ttl_s, help="seconds that an output URL lives")
    parser.add_argument("--webhook-secret", help="whsec_... to sign webhooks with (default: a new one)")
    parser.add_argument(
        "--concurrency", type=int, default=0, help="predictions at a time per account, 0 = any"
    )
    parser.add_argument("--creates-per-min", type=int, default=DEFAULTS.creates_per_min)
    parser.add_argument("--others-per-min", type=int, default=DEFAULTS.others_per_min)
    parser.add_argument(
        "--fast-media", action="store_true", help="answer with a few small files, for load runs"
    )
    parser.add_argument("--image-size", type=int, default=768, help="side of a square picture in pixels")
    parser.add_argument("--video-size", type=int, default=512, help="side of a square clip in pixels")
    parser.add_argument("--renderers", type=int, default=1, help="processes that draw")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return 1 if the port is taken."""
    args = _arguments(argv)
    try:
        listener = socket.create_server((args.host, args.port), backlog=2048)
    except OSError as error:
        print(f"provider stand: cannot listen on {args.host}:{args.port} (--port): {error}", file=sys.stderr)
        return 1
    address = f"http://{args.host}:{listener.getsockname()[1]}"
    settings = Settings()
    settings.change(
        args.latency
        | {
            "sigma": args.sigma,
            "ttl_s": args.ttl,
            "concurrency": args.concurrency,
            "creates_per_min": args.creates_per_min,
            "others_per_min": args.others_per_min,
        }
    )
    public = urlsplit(args.public_url or "").netloc
    options = Options(
        base_url=(args.public_url or address).rstrip("/"),
        seed=args.seed,
        webhook_secret=args.webhook_secret,
        fast_media=args.fast_media,
        image_size=args.image_size,
        video_size=args.video_size,
        renderers=args.renderers,
    )
    config = uvicorn.Config(
        application(Stand(options, settings), named([*args.allow_host, public], args.host)),
        http=Line,
        ws="none",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again after its own orderly end; the default handler would skip ours.
        signal.signal(number, _ended)
    Server(config, address).run(sockets=[listener])
    return 0


def _ended(_number: int, _frame: FrameType | None) -> None:
    return


if __name__ == "__main__":
    sys.exit(main())
