"""The line that a terminal shows of an ended job."""

from dataclasses import replace

import pytest

from config.catalogue import load_catalogue
from config.settings import Settings
from jobs.failures import Failure
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from sandbox.journal import line

CATALOGUE = load_catalogue(Settings(models_file="sandbox/models.toml"))
FOX = Job(
    "job1",
    Request(Kind.IMAGE, "sketch", "a red fox in the snow"),
    Origin(1, 1, 1),
    Tier.REGULAR,
    Lane.IMG,
    State.DELIVERED,
    stamps={"accepted": 10.0, "claimed": 10.2, "running": 10.3, "stored": 21.5, "delivered": 22.7},
)


@pytest.mark.parametrize(
    ("job", "says"),
    [
        (FOX, 'image "a red fox in the snow"  queued 0.2 s, made 11.3 s, sent 1.2 s   $0.010'),
        (
            replace(FOX, state=State.FAILED, failure=Failure.TIMED_OUT),
            'image "a red fox in the snow"  failed: timed_out   $0.010',
        ),
        (
            replace(FOX, state=State.CANCELLED, stamps={"accepted": 10.0}),
            'image "a red fox in the snow"  cancelled',
        ),
        (
            replace(FOX, cached=True, stamps={"accepted": 10.0, "stored": 10.0, "delivered": 10.4}),
            'image "a red fox in the snow"  sent 0.4 s',
        ),
        (
            replace(FOX, request=replace(FOX.request, prompt="a fox\nand " + "very " * 20), stamps={}),
            'image "a fox and very very very very …"  given again',
        ),
        (
            replace(FOX, request=replace(FOX.request, model="gone")),
            'image "a red fox in the snow"  queued 0.2 s, made 11.3 s, sent 1.2 s',
        ),
    ],
)
def test_a_line_says_what_became_of_it(job: Job, says: str) -> None:
    assert line(job, CATALOGUE, prompts=True) == says


def test_a_real_bot_shows_nobodys_words() -> None:
    assert line(FOX, CATALOGUE, prompts=False).startswith("image sketch job1  queued 0.2 s")
