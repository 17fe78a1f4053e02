"""Uploads, file_ids and URLs: what the stand takes, and what it refuses in Telegram's words."""

import pytest
from telegram_stand_tools import Api, mp4, png

from stand.telegram.client import TelegramStand

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


def padded(data: bytes, size: int) -> bytes:
    """The same film with room behind it."""
    room = size - len(data)
    return data + room.to_bytes(4, "big") + b"free" + bytes(room - 8)


@pytest.mark.parametrize("edited", [False, True])
def test_a_large_video_is_what_its_sender_says(api: Api, ann: int, edited: bool) -> None:
    """Above 10 MB nobody measures: undescribed it is a square of no length, and so is its file_id."""
    large = padded(mp4(), 10_500_000)

    def sent(**told: int) -> dict[str, int]:
        if edited:
            message = api.ok("sendMessage", chat_id=ann, text="soon")["message_id"]
            media = {"type": "video", "media": "attach://film", **told}
            body = api.ok(
                "editMessageMedia", {"film": ("a.mp4", large)}, chat_id=ann, message_id=message, media=media
            )
        else:
            body = api.ok("sendVideo", {"video": ("a.mp4", large)}, chat_id=ann, **told)
        again = api.ok("sendVideo", chat_id=ann, video=body["video"]["file_id"])
        assert again["video"] == body["video"]
        return {name: body["video"][name] for name in ("width", "height", "duration")}

    assert sent() == {"width": 0, "height": 0, "duration": 0}
    told = {"width": 64, "height": 48, "duration": 7}
    assert sent(**told) == told


def test_a_small_video_is_measured_whatever_is_said(api: Api, ann: int) -> None:
    """Below 10 MB what the sender says is put right."""
    honest = api.ok("sendVideo", {"video": ("a.mp4", mp4())}, chat_id=ann)["video"]
    lied = api.ok("sendVideo", {"video": ("a.mp4", mp4())}, chat_id=ann, width=1, height=2, duration=3)[
        "video"
    ]
    shape = ("width", "height", "duration")
    assert [lied[name] for name in shape] == [honest[name] for name in shape]
    assert honest["width"]


@pytest.mark.parametrize(
    ("kind", "method", "words"),
    [
        ("photo", "sendPhoto", "photos"),
        ("video", "sendVideo", "videos"),
        ("animation", "sendAnimation", "animations"),
        ("document", "sendDocument", "documents"),
    ],
)
def test_each_kind_of_media_has_a_right_of_its_own(
    api: Api, stand: TelegramStand, ann: int, kind: str, method: str, words: str
) -> None:
    """A kind that the chat forbids is neither sent nor edited in; all others are."""
    group = stand.new_group("foxes", [ann])
    message = api.ok("sendMessage", chat_id=group, text="soon")["message_id"]
    stand.forbid(group, kind)
    data = png(20, 20) if kind == "photo" else mp4()
    refusal = f"Bad Request: not enough rights to send {words} to the chat"
    assert api.refused(method, {kind: ("a.mp4", data)}, chat_id=group) == refusal
    media = {"type": kind, "media": "attach://it"}
    edit = {"chat_id": group, "message_id": message, "media": media}
    assert api.refused("editMessageMedia", {"it": ("a.mp4", data)}, **edit) == refusal
    api.ok("sendMessage", chat_id=group, text="words are no media")
    stand.forbid(group, *({"photo", "video", "animation", "document"} - {kind}))
    api.ok("editMessageMedia", {"it": ("a.mp4", data)}, **edit)


def test_words_have_a_right_of_their_own(api: Api, stand: TelegramStand, ann: int) -> None:
    group = stand.new_group("foxes", [ann])
    stand.forbid(group, "text")
    refused = api.refused("sendMessage", chat_id=group, text="hello")
    assert refused == "Bad Request: not enough rights to send text messages to the chat"
    api.ok("sendPhoto", {"photo": ("a.png", png(20, 20))}, chat_id=group)


def test_topics_are_closed_opened_and_deleted(api: Api, stand: TelegramStand, ann: int) -> None:
    """Messages of a topic say so; a closed or deleted one takes none, the chat itself does."""
    group = stand.new_group("foxes", [ann])
    topic = stand.topic(group)
    asked = stand.send(ann, "/image a fox", chat=group, thread=topic)
    assert (asked["message_thread_id"], asked["is_topic_message"]) == (topic, True)
    there = {"chat_id": group, "message_thread_id": topic}
    answer = api.ok("sendMessage", text="soon", **there)
    assert (answer["message_thread_id"], answer["is_topic_message"]) == (topic, True)
    stand.topic(group, topic, "closed")
    assert api.refused("sendMessage", text="now", **there) == "Bad Request: TOPIC_CLOSED"
    stand.topic(group, topic, "open")
    api.ok("sendPhoto", {"photo": ("a.png", png(20, 20))}, **there)
    stand.topic(group, topic, "deleted")
    gone = "Bad Request: message thread not found"
    assert api.refused("sendMessage", text="now", **there) == gone
    assert api.refused("sendPhoto", {"photo": ("a.png", png(20, 20))}, **there) == gone
    assert all(message["deleted"] for message in stand.messages(group))
    api.ok("sendMessage", chat_id=group, text="in General")


def test_an_inline_message_takes_no_upload(api: Api) -> None:
    """A file that Telegram has not got cannot be edited into it."""
    media = {"type": "photo", "media": "attach://it"}
    words = api.refused(
        "editMessageMedia", {"it": ("a.png", png(20, 20))}, inline_message_id="AQAB", media=media
    )
    assert words == "Bad Request: invalid message content specified"
