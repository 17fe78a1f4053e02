"""What a file becomes in a chat."""

import pytest

from chat.errors import MediaTooLarge
from chat.media import MediaKind, media_kind

MB = 1_000_000


@pytest.mark.parametrize(
    ("mime", "size", "width", "height", "kind"),
    [
        ("image/png", 2 * MB, 1024, 1024, MediaKind.PHOTO),
        ("image/webp", 2 * MB, 0, 0, MediaKind.PHOTO),
        ("image/png", 10 * MB, 5000, 5000, MediaKind.PHOTO),
        ("image/png", 10 * MB + 1, 1024, 1024, MediaKind.DOCUMENT),
        ("image/png", 2 * MB, 5001, 5000, MediaKind.DOCUMENT),
        ("image/png", 2 * MB, 2000, 100, MediaKind.PHOTO),
        ("image/png", 2 * MB, 2001, 100, MediaKind.DOCUMENT),
        ("image/gif", 2 * MB, 100, 100, MediaKind.DOCUMENT),
        ("video/mp4", 49 * MB, 1280, 720, MediaKind.VIDEO),
        ("video/webm", 2 * MB, 1280, 720, MediaKind.DOCUMENT),
    ],
)
def test_the_kind_follows_telegrams_limits(
    mime: str, size: int, width: int, height: int, kind: MediaKind
) -> None:
    """Given a file, I expect a photo or video within Telegram's limits and a document beyond them."""
    assert media_kind(mime, size, width, height, upload_max=50 * MB) is kind


def test_a_file_over_the_servers_limit_is_told_apart() -> None:
    """Given a file that the server would not take, I expect MediaTooLarge before anything is uploaded."""
    with pytest.raises(MediaTooLarge, match="50000001 bytes are over the 50000000"):
        media_kind("video/mp4", 50 * MB + 1, 0, 0, upload_max=50 * MB)
