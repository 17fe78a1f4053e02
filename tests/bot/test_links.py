"""A bot whose media is in S3: /history gives a link to what was too large for Telegram."""

from collections.abc import Iterator

import httpx
import obstore
import pytest
from bot_stage import Scene, bot_program, stand_program
from patience import LONG_S

from chat.keyboards import Action
from config.settings import Settings
from jobs.model import Artifact, Job
from jobs.states import State
from ledger.jobs import Stage
from media.backends import open_store
from sandbox.s3 import S3Stand
from stand.telegram.client import TelegramStand


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Stand]:
    with S3Stand() as started:
        yield started


@pytest.fixture
def scene(redis_url: str, s3: S3Stand) -> Iterator[Scene]:
    environment = {name.upper(): str(value) for name, value in s3.settings("bot").items()}
    with (
        stand_program() as stand,
        TelegramStand(stand.url) as client,
        bot_program(stand.url, redis_url, settings=environment) as bot,
    ):
        client.limits(enabled=False)
        scene = Scene(client, redis_url)
        yield scene
        scene.close()
        assert bot.terminate(LONG_S) == 0
        assert '"level": "error"' not in bot.log_text


def linked(scene: Scene, s3: S3Stand, user: int) -> Job:
    """A job that was given a link, as Telegram has no file of it."""
    job = scene.job(user, "/image a vast fox")
    made = scene.ledger.claim(job.id, "a worker", Stage.GENERATE)
    assert made is not None
    made = scene.ledger.storing(scene.ledger.running(scene.ledger.submitting(made), "prediction"))
    artifact = Artifact(f"2026-11-24/{job.id}.png", "image/png", 3)
    settings = Settings(**s3.settings("bot"))
    obstore.put(open_store(settings.media_url, settings), artifact.key, b"fox")
    scene.ledger.stored(made, artifact)
    given = scene.ledger.claim(job.id, "a worker", Stage.DELIVER)
    assert given is not None
    return scene.ledger.delivered(given, "")


def test_history_gives_a_fresh_link(scene: Scene, s3: S3Stand) -> None:
    """Given a result that Telegram has not, I expect it in the list, and a link that downloads it."""
    ann = scene.stand.new_user("Ann")
    linked(scene, s3, ann)
    listed = scene.ask(ann, "/history")
    assert "1. 🖼 a vast fox" in listed["text"]
    assert scene.press(ann, listed, "1")["text"] is None
    shown = scene.answer(ann, listed["message_id"])
    (url,) = [line for line in shown["text"].splitlines() if line.startswith("http")]
    assert httpx.get(url, trust_env=False).content == b"fox"
    assert shown["edits"][-1]["buttons"] == ["Again", "Variation", "Animate"]


def test_a_result_that_is_no_longer_kept_is_said_so(scene: Scene, s3: S3Stand) -> None:
    ivan = scene.stand.new_user("Иван", "ru")
    job = linked(scene, s3, ivan)
    assert job.artifact is not None
    s3.delete(f"bot/{job.artifact.key}")
    answer = scene.press(ivan, scene.ask(ivan, "/history"), "1")
    assert (answer["show_alert"], "больше не хранится" in answer["text"]) == (True, True)


def test_again_and_animate_go_on_from_a_link(scene: Scene, s3: S3Stand) -> None:
    """Given buttons under a link, I expect what they make to be made of that job."""
    ann = scene.stand.new_user("Ann")
    job = linked(scene, s3, ann)
    message = scene.with_button(ann, f"{Action.ANIMATE}:{job.id}")
    assert not scene.press(ann, message, "x")["text"]
    again = scene.with_button(ann, f"{Action.AGAIN}:{job.id}")
    assert not scene.press(ann, again, "x")["text"]
    newest, before, oldest = scene.jobs(ann)
    assert oldest.state is State.DELIVERED
    assert (before.request.source, before.request.kind) == (job.id, "video")
    assert newest.request.prompt == "a vast fox"
