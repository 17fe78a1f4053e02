"""A worker's clients in a process of their own, which says how much memory it took at most (see test_memory).

python hungry.py api|files URL THREADS FOLDER: so many threads at a time make one call each.
"""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from config.settings import Settings
from jobs.errors import JobFailed, PassingError
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from media.download import Downloader
from media.store import MediaStore
from outside.room import staying
from providers.base import Prediction
from providers.replicate import Replicate
from tasks import process

assert process  # all that a worker has in memory, whether or not it is used here


def job(name: str) -> Job:
    """A job whose output is being stored."""
    request = Request(Kind.IMAGE, "sketch", "a fox", seed=7)
    stamps = {"accepted": 1.7e9}
    return Job(name, request, Origin(5, 5, 9), Tier.REGULAR, Lane.IMG, State.STORING, stamps=stamps)


def fetched(downloader: Downloader, store: MediaStore, url: str, name: str) -> str:
    """Store a file as a slot does."""
    with downloader.stream(url, private=True) as chunks:
        return store.keep(job(name), chunks).key


def looked(replicate: Replicate, downloader: Downloader, store: MediaStore, name: str) -> str:
    """Look at a prediction, and store what it shows."""
    with staying():
        found: Prediction = replicate.get("p1")
        for url in found.outputs[:8]:
            fetched(downloader, store, url, name)
    return str(found.status)


def peak_mb() -> int:
    """The most memory that this program had; `getrusage` counts that of the one which started it too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) // 1024 if found else 0


def main(what: str, url: str, threads: int, folder: str) -> None:
    """Make the calls, and print what came of them and the peak in megabytes."""
    settings = Settings(media_url=folder, media_max_bytes=20_000_000)
    store, downloader = MediaStore(settings), Downloader(60.0, largest=settings.media_max_bytes)
    replicate = Replicate(f"{url}/v1", "r8", 60.0, threads)
    do = (
        partial(looked, replicate, downloader, store)
        if what == "api"
        else partial(fetched, downloader, store, f"{url}/a.png")
    )

    def one(number: int) -> str:
        try:
            return do(f"job-{number}")
        except (PassingError, JobFailed) as error:
            return type(error).__name__

    with ThreadPoolExecutor(threads) as pool:
        found = sorted(set(pool.map(one, range(threads))))
    print(",".join(found), peak_mb(), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
