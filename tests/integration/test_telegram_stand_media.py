"""Uploads, file_ids and URLs: what the stand takes, and what it refuses in Telegram's words."""

import pytest
from telegram_stand_tools import Api, mp4, png

from sandbox.telegram.client import TelegramStand

pytest_plugins = ["telegram_stand"]


@pytest.mark.parametrize(
    ("method", "field", "data", "words"),
    [
        ("sendPhoto", "photo", b"not a picture", "IMAGE_PROCESS_FAILED"),
        ("sendPhoto", "photo", png(400, 400)[:-500], "IMAGE_PROCESS_FAILED"),
        ("sendPhoto", "photo", mp4(), "IMAGE_PROCESS_FAILED"),
        ("sendPhoto", "photo", png(9_000, 1_001), "PHOTO_INVALID_DIMENSIONS"),
        ("sendPhoto", "photo", png(210, 10), "PHOTO_INVALID_DIMENSIONS"),
        ("sendPhoto", "photo", b"", "file must be non-empty"),
        (
            "sendPhoto",
            "photo",
            b"x" * 10_485_761,
            "file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes",
        ),
    ],
)
def test_files_that_are_no_photos_are_refused(
    api: Api, ann: int, method: str, field: str, data: bytes, words: str
) -> None:
    """Broken data, wrong dimensions, too many bytes."""
    assert api.refused(method, {field: ("file", data)}, chat_id=ann) == f"Bad Request: {words}"


@pytest.mark.parametrize("size", [(5_000, 5_000), (200, 10)])
def test_photos_at_the_limit_pass(api: Api, ann: int, size: tuple[int, int]) -> None:
    """width + height = 10,000 and a ratio of 20 are still allowed."""
    sent = api.ok("sendPhoto", {"photo": ("a.png", png(*size))}, chat_id=ann)
    assert (sent["photo"][-1]["width"], sent["photo"][-1]["height"]) == size


def test_an_upload_above_50_mb_is_too_large(api: Api, ann: int) -> None:
    """413, and the connection is good for the next call."""
    files = {"document": ("big.bin", bytes((50 << 20) + 1))}
    body = api.call("sendDocument", files, chat_id=ann)
    assert (body["error_code"], body["description"]) == (413, "Request Entity Too Large")
    api.ok("getMe")


def test_what_is_no_video_is_sent_as_a_document(api: Api, ann: int) -> None:
    """ "Other formats may be sent as Document": so is a file cut off in the middle."""
    for data in (b"nonsense", mp4()[:400]):
        sent = api.ok("sendVideo", {"video": ("v.mp4", data)}, chat_id=ann)
        assert "video" not in sent
        assert sent["document"]["file_name"] == "v.mp4"
    animation = api.ok("sendAnimation", {"animation": ("v.mp4", mp4())}, chat_id=ann)
    assert animation["document"]["file_id"] == animation["animation"]["file_id"]


def test_a_file_id_belongs_to_one_bot_and_one_kind(api: Api, other: Api, ann: int) -> None:
    """Another bot's file_id, an invented one, and one of another kind are refused."""
    photo = api.ok("sendPhoto", {"photo": ("a.png", png(300, 300))}, chat_id=ann)["photo"]
    wrong = "Bad Request: wrong file identifier/HTTP URL specified"
    assert other.refused("sendPhoto", chat_id=ann, photo=photo[-1]["file_id"]) == wrong
    assert api.refused("sendPhoto", chat_id=ann, photo="AgACinvented") == wrong
    words = "Bad Request: can't use file of type Photo as Video"
    assert api.refused("sendVideo", chat_id=ann, video=photo[-1]["file_id"]) == words
    words = "Bad Request: can't use file of type Thumbnail as Photo"
    assert api.refused("sendPhoto", chat_id=ann, photo=photo[0]["file_id"]) == words
    assert other.refused("getFile", file_id=photo[-1]["file_id"]) == "Bad Request: invalid file_id"
    mine = other.ok("sendPhoto", {"photo": ("b.png", png(300, 300))}, chat_id=ann)["photo"]
    assert mine[-1]["file_id"] != photo[-1]["file_id"]
    assert mine[-1]["file_unique_id"] == photo[-1]["file_unique_id"]


def test_media_parameters_are_checked(api: Api, ann: int) -> None:
    """Missing files, unknown types, captions that are too long, addresses that the stand doesn't reach."""
    assert api.refused("sendPhoto", chat_id=ann) == "Bad Request: there is no photo in the request"
    long = api.refused("sendPhoto", {"photo": ("a.png", png())}, chat_id=ann, caption="c" * 1025)
    assert long == "Bad Request: message caption is too long"
    far = api.refused("sendPhoto", chat_id=ann, photo="https://example.org/a.png")
    assert far == "Bad Request: failed to get HTTP URL content"
    where = {"chat_id": ann, "message_id": api.ok("sendMessage", chat_id=ann, text="x")["message_id"]}
    for media, words in (
        ({"type": "photo", "media": "attach://a"}, "media not found"),
        ({"type": "poem", "media": "x"}, 'type "poem" is unsupported'),
        ({"media": "x"}, 'Can\'t find field "type"'),
    ):
        refused = api.refused("editMessageMedia", media=media, **where)
        assert refused == f"Bad Request: can't parse InputMedia: {words}"
    assert api.refused("editMessageMedia", **where) == 'Bad Request: parameter "media" is required'


def test_the_stand_downloads_from_loopback(api: Api, stand: TelegramStand, ann: int) -> None:
    """Sending by URL works for a file on 127.0.0.1."""
    sent = api.ok("sendDocument", {"document": ("a.bin", b"12345")}, chat_id=ann)
    url = f"{api.url}/control/files/{sent['document']['file_unique_id']}"
    again = api.ok("sendDocument", chat_id=ann, document=url)
    assert again["document"]["file_unique_id"] == sent["document"]["file_unique_id"]
    missing = api.refused("sendDocument", chat_id=ann, document=f"{api.url}/control/files/none")
    assert missing == "Bad Request: failed to get HTTP URL content"
