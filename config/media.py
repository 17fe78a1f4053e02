"""The place of the media store, read from a URL: a directory, file:///directory, s3://bucket/prefix. Pure."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from config.declared import Settings

LINK_MAX_HOURS = 168
"""Longest validity (hours) of a link: S3 signatures are valid for a week at most."""
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class LocationError(ValueError):
    """A URL names no place for files. The message is a sentence that begins with the setting's name."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A local (or mounted) directory; a relative path starts at the project."""

    path: Path


@dataclass(frozen=True, slots=True)
class S3Bucket:
    """A bucket of an S3-compatible store; `prefix` has no slash at its ends and may be empty."""

    name: str
    prefix: str


def location(url: str, name: str = "MEDIA_URL") -> Folder | S3Bucket:
    """Return the place that a URL names. Raises LocationError.

    Args:
        name: The setting or option that the URL came from; the error's sentence begins with it.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme == "file":
        path = rest if separator else url
        if not path:
            raise LocationError(f"{name} names no directory.")
        return Folder(Path(path))
    if scheme != "s3":
        raise LocationError(
            f"{name} must be a directory, a file:// URL or s3://bucket/prefix, not {scheme}://..."
        )
    if "@" in rest:
        raise LocationError(
            f"{name} must not hold keys: put them into S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY."
        )
    bucket, _, prefix = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise LocationError(
            f"{name} must be s3://bucket/prefix, and {bucket!r} is no name of a bucket "
            "(3 to 63 small letters, digits, dots and hyphens)."
        )
    return S3Bucket(bucket, prefix.strip("/"))


def rules(s: Settings) -> tuple[tuple[bool, str], ...]:
    """Return each rule for the media store as a pair: whether it holds, and the sentence for when not."""
    return (
        _place(s.media_url),
        *(
            (not url or _is_http(url), f"{name} must be an http:// or https:// URL with a host, not {url!r}.")
            for name, url in (("S3_ENDPOINT_URL", s.s3_endpoint_url), ("S3_PUBLIC_URL", s.s3_public_url))
        ),
        (
            not s.media_url.startswith("s3://") or bool(s.s3_access_key_id) == bool(s.s3_secret_access_key),
            "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY belong together: set both, or neither.",
        ),
        (
            0 < s.media_link_hours <= LINK_MAX_HOURS,
            f"MEDIA_LINK_HOURS must be above 0 and at most {LINK_MAX_HOURS}, not {s.media_link_hours:g}.",
        ),
        (s.media_ttl_days >= 0, f"MEDIA_TTL_DAYS must be 0 (for ever) or more, not {s.media_ttl_days}."),
        (
            not s.media_ttl_days or s.cache_ttl_s < s.media_ttl_days * 86_400,
            f"CACHE_TTL_S ({s.cache_ttl_s:g}) must be less than MEDIA_TTL_DAYS ({s.media_ttl_days}), "
            "or results are promised again whose files are removed.",
        ),
    )


def _place(url: str) -> tuple[bool, str]:
    try:
        location(url)
    except LocationError as error:
        return False, str(error)
    return True, ""


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
