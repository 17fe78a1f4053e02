"""The provider stand as Replicate's own client sees it."""

import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from patience import eventually
from PIL import Image
from replicate.client import Client
from replicate.exceptions import ModelError, ReplicateError

from sandbox.processes import Program
from stand.provider.client import ProviderStand

ROOT = Path(__file__).parents[2]
FAST = ["--latency", "image=0.1,video=0.1", "--image-size", "96", "--video-size", "64", "--seed", "1"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A stand in a process of its own, quick and small."""
    argv = [sys.executable, "-m", "stand.provider", *FAST]
    with Program(argv, ready=r"provider stand on (?P<url>http://\S+)", cwd=ROOT) as program:
        yield program.url


@pytest.fixture
def stand(url: str) -> Iterator[ProviderStand]:
    """The stand's control side, set back after the test."""
    with ProviderStand(url) as client:
        before = client.settings()
        yield client
        client.settings(**before)


@pytest.fixture
def official(url: str) -> Client:
    """Replicate's own client."""
    client = Client(api_token=f"r8-{time.monotonic_ns()}", base_url=url)
    client.poll_interval = 0.05
    return client


def test_the_official_client_makes_a_picture(official: Client, stand: ProviderStand) -> None:
    """Create by model, wait, download: a PNG that says that it is a sketch; one paid submission."""
    prediction = official.models.predictions.create(
        model="darkroom/sketch", input={"prompt": "a red fox", "aspect_ratio": "16:9"}
    )
    assert str(prediction.status) == "starting"
    prediction.wait()
    assert str(prediction.status) == "succeeded"
    assert prediction.progress is not None
    assert prediction.progress.percentage == 1.0
    (address,) = prediction.output or [""]
    answer = httpx.get(address)
    assert answer.headers["content-type"] == "image/png"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert "sketch, not AI" in picture.info["Comment"]
        assert picture.width / picture.height == pytest.approx(16 / 9, rel=0.05)
    assert [each["id"] for each in stand.submissions("a red fox")] == [prediction.id]
    assert [each["authorization"] for each in stand.downloads() if each["prediction"] == prediction.id] == [
        False
    ]


def test_the_official_client_runs_a_model_in_one_call(official: Client) -> None:
    """`run` with owner/name, and with owner/name:version, gives the output."""
    (first,) = official.run("darkroom/sketch", {"prompt": "waves"}, use_file_output=False)
    model = official.models.get("darkroom/sketch")
    assert model.latest_version is not None
    reference = f"darkroom/sketch:{model.latest_version.id}"
    (second,) = official.run(reference, {"prompt": "waves"}, use_file_output=False)
    assert first != second
    assert [each.id for each in model.versions.list()] == [model.latest_version.id]


def test_a_prompt_that_offends_fails_as_the_real_one_does(official: Client) -> None:
    """The error names the reason, and the run counts as paid."""
    with pytest.raises(ModelError, match="NSFW content detected"):
        official.run("darkroom/sketch", {"prompt": "something nsfw"})


def test_the_official_client_animates_an_uploaded_picture(official: Client, tmp_path: Path) -> None:
    """files.create, its URL as the input `image`: a clip in the picture's own shape."""
    path = tmp_path / "tall.png"
    Image.new("RGB", (60, 120), "orange").save(path)
    with path.open("rb") as picture:
        upload = official.files.create(picture)
    assert (upload.content_type, upload.size) == ("image/png", path.stat().st_size)
    assert [each.id for each in official.files.list()] == [upload.id]
    address = official.run("darkroom/motion", {"prompt": "snow", "image": upload.urls["get"], "duration": 2})
    answer = httpx.get(str(address))
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.content[4:8] == b"ftyp"
    assert official.files.delete(upload.id)
    with pytest.raises(ReplicateError, match="File not found"):
        official.files.get(upload.id)


def test_the_official_client_cancels_and_lists(official: Client, stand: ProviderStand) -> None:
    """A held prediction is cancelled; a list shows it, newest first."""
    stand.hold()
    first = official.models.predictions.create(model="darkroom/sketch", input={"prompt": "one"})
    second = official.models.predictions.create(model="darkroom/sketch", input={"prompt": "two"})
    eventually(lambda: official.predictions.get(first.id).status == "processing")
    first.cancel()
    assert first.status == "canceled"
    assert [(each.id, each.status) for each in official.predictions.list()] == [
        (second.id, "processing"),
        (first.id, "canceled"),
    ]
    assert official.predictions.cancel(first.id).status == "canceled"
