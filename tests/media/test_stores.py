"""Stores opened by URL: a directory, and S3 as moto's server speaks it. Whatever is wrong is one sentence."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store
from patience import LONG_S

from config.settings import ROOT, Settings, SettingsError, load
from media.backends import Store, StoreRefused, check_store, open_store, store_errors
from sandbox.processes import Program
from sandbox.s3 import S3Stand


@pytest.fixture(scope="module")
def stand() -> Iterator[S3Stand]:
    with S3Stand() as started:
        yield started


def opened(stand: S3Stand, url: str, **overrides: str) -> Store:
    return open_store(url, Settings(**{**stand.settings(), **overrides}))


def names(store: Store) -> list[str]:
    return sorted(each["path"] for page in obstore.list(store) for each in page)


def test_a_directory_by_path_and_by_url(tmp_path: Path) -> None:
    """Given a path and a file:// URL of the same place, I expect one store, made where it was missing."""
    folder = tmp_path / "deep" / "media"
    obstore.put(open_store(str(folder), Settings()), "2026-11-24/fox.png", b"fox")
    assert (folder / "2026-11-24" / "fox.png").read_bytes() == b"fox"
    store = open_store(f"file://{folder}", Settings())
    check_store(store)
    assert names(store) == ["2026-11-24/fox.png"]


def test_a_relative_directory_starts_at_the_project() -> None:
    open_store("tests/media", Settings())
    assert names(open_store("tests/media", Settings())) == names(
        open_store(str(ROOT / "tests/media"), Settings())
    )


def test_a_bucket_and_a_prefix(stand: S3Stand) -> None:
    """Given two prefixes of a bucket, I expect each to see its own files alone."""
    left, right = opened(stand, "s3://media/left"), opened(stand, "s3://media/right/below/")
    obstore.put(left, "fox.png", b"fox")
    obstore.put(right, "cat.png", b"cat")
    assert (names(left), names(right)) == (["fox.png"], ["cat.png"])
    assert {"left/fox.png", "right/below/cat.png"} <= set(stand.names())
    assert set(names(opened(stand, "s3://media"))) >= {"left/fox.png", "right/below/cat.png"}
    check_store(left)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://host/media", "a directory, a file:// URL or s3://bucket/prefix, not ftp://"),
        ("s3://", "is no name of a bucket"),
        ("s3://UPPER/x", "'UPPER' is no name of a bucket"),
        ("s3://key:hush@bucket/x", "must not hold keys"),
        ("file://", "names no directory"),
        ("/etc/passwd/media", "cannot be a directory of files"),
    ],
)
def test_a_bad_url_is_one_sentence(url: str, sentence: str) -> None:
    """I expect the sentence to begin with what the URL came from, and to repeat no secret."""
    with pytest.raises(SettingsError, match=sentence) as caught:
        open_store(url, Settings(), "--to")
    assert str(caught.value).startswith("--to ") or str(caught.value).startswith("--to: ")
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"MEDIA_URL": "gs://bucket"}, "MEDIA_URL must be a directory"),
        ({"S3_ENDPOINT_URL": "minio:9000"}, "S3_ENDPOINT_URL must be an http"),
        ({"S3_PUBLIC_URL": "https://"}, "S3_PUBLIC_URL must be an http"),
        ({"MEDIA_URL": "s3://media", "S3_ACCESS_KEY_ID": "AK"}, "belong together"),
        ({"MEDIA_LINK_HOURS": "169"}, "MEDIA_LINK_HOURS must be"),
        ({"MEDIA_TTL_DAYS": "-1"}, "MEDIA_TTL_DAYS must be"),
        ({"MEDIA_TTL_DAYS": "1", "CACHE_TTL_S": "86400"}, "CACHE_TTL_S .* less than MEDIA_TTL_DAYS"),
    ],
)
def test_bad_settings_are_found_before_anything_starts(
    environment: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        load(environment, tmp_path / "none")


def test_the_keys_are_secrets(stand: S3Stand) -> None:
    settings = Settings(**stand.settings())
    assert {"AKIASTAND", "secret-of-the-stand"} <= set(settings.secrets())


def test_a_missing_bucket_is_said(stand: S3Stand) -> None:
    store = opened(stand, "s3://nowhere/media")
    with pytest.raises(StoreRefused, match="The bucket does not exist: create it"):
        check_store(store)
    with pytest.raises(StoreRefused, match="The bucket does not exist"), store_errors():
        obstore.put(store, "fox.png", iter([b"fox"]))


def test_wrong_keys_are_said() -> None:
    with S3Stand(locked=True) as locked:
        store = opened(locked, "s3://media")
        with pytest.raises(StoreRefused, match=r"refuses the keys .* check S3_ACCESS_KEY_ID") as caught:
            check_store(store)
        assert "secret-of-the-stand" not in str(caught.value)
        with pytest.raises(StoreRefused, match="refuses the keys"), store_errors():
            obstore.put(store, "fox.png", iter([b"fox"]))


def test_a_store_that_does_not_answer_is_trouble_that_passes(stand: S3Stand) -> None:
    """Given nobody at the endpoint, I expect an OSError of one line that no operator is blamed for."""
    store = opened(stand, "s3://media", s3_endpoint_url="http://127.0.0.1:9")
    with pytest.raises(OSError, match="media store: ") as caught:
        check_store(store)
    assert not isinstance(caught.value, StoreRefused)
    assert "\n" not in str(caught.value)


def test_links_are_signed_for_the_public_address(stand: S3Stand) -> None:
    """Given a store that people reach by another name, I expect that name in the store for their links."""
    settings = Settings(**stand.settings() | {"s3_public_url": "https://media.example.org"})

    def link(*, public: bool) -> str:
        store = open_store("s3://media/left", settings, public=public)
        assert isinstance(store, S3Store)
        return obstore.sign(store, "GET", "fox.png", timedelta(hours=1))

    assert link(public=True).startswith("https://media.example.org/media/left/fox.png?")
    assert link(public=False).startswith(f"{stand.url}/media/left/fox.png?")


def test_a_worker_that_the_store_never_lets_in_does_not_start(redis_url: str) -> None:
    """Given wrong keys, I expect `celery worker` to end at once with the sentence."""
    with S3Stand(locked=True) as locked:
        environment = {name.upper(): str(value) for name, value in locked.settings("media").items()}
        argv = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-Q", "deliver"]
        with Program(argv, env={**environment, "REDIS_URL": redis_url}, cwd=ROOT) as worker:
            assert worker.wait(LONG_S) == 1
            assert "MEDIA_URL: The store refuses the keys (InvalidAccessKeyId)" in worker.tail(3)
            assert "Traceback" not in worker.log_text
