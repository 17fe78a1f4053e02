"""The storage backends, a directory or an S3 bucket: opening one by its URL, and what its errors mean."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, S3Store

from config.media import Folder, LocationError, location
from config.settings import ROOT, Settings, SettingsError

if TYPE_CHECKING:
    from obstore import Attributes
    from obstore.store import ClientConfig, RetryConfig, S3Config

Store = LocalStore | S3Store
_RETRY: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
_TIMEOUTS: "ClientConfig" = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=30)}
"""Time-outs of one request. No request carries more than a few megabytes."""
_WRITTEN = 5 * 1024 * 1024
"""Bytes per request when writing: the smallest part that S3 accepts in a multipart upload."""
_READ = 2 * 1024 * 1024
"""Bytes per request when reading."""
_ROLES = "169.254.169.254"
"""The address of the metadata service, where a machine in a cloud asks for the credentials of its role."""
_CODE = re.compile("<Code>([^<]+)</Code>")


class StoreRefused(OSError):
    """The store answers but denies access, or has no such bucket: an operator must act."""


def open_store(url: str, settings: Settings, name: str = "MEDIA_URL", *, public: bool = False) -> Store:
    """Open the store at a directory, file:///directory or s3://bucket/prefix.

    A missing directory is created. No request is made: `check_store` makes one.

    Args:
        url: The directory or URL.
        settings: The S3_* settings are used.
        name: The setting or option that the URL came from.
        public: Use the endpoint that people outside reach the store by (S3_PUBLIC_URL).

    Raises:
        SettingsError: The URL or the directory cannot be used; the message is a sentence about `name`.
    """
    try:
        place = location(url, name)
    except LocationError as error:
        raise SettingsError(str(error)) from None
    if isinstance(place, Folder):
        path = ROOT / place.path
        try:
            return LocalStore(prefix=path, mkdir=True, automatic_cleanup=True)
        except (OSError, BaseError) as error:
            raise SettingsError(f"{name}: {path} cannot be a directory of files ({error}).") from error
    endpoint = (settings.s3_public_url if public else "") or settings.s3_endpoint_url
    config: S3Config = {"region": settings.s3_region}
    if endpoint:
        config["endpoint"] = endpoint.rstrip("/")
    if settings.s3_access_key_id:
        config["access_key_id"] = settings.s3_access_key_id
        config["secret_access_key"] = settings.s3_secret_access_key
    # Files are deleted one by one: not every S3-compatible store can delete in bulk.
    return S3Store(
        place.name,
        prefix=place.prefix or None,
        config={**config, "disable_bulk_delete": True},
        client_options={**_TIMEOUTS, "allow_http": endpoint.startswith("http://")},
        retry_config=_RETRY,
    )


def check_store(store: Store) -> None:
    """Check that the store can be read, by listing one file.

    Raises:
        StoreRefused: An operator must correct the settings or the store.
        OSError: The store cannot be reached.
    """
    with store_errors():
        next(islice(obstore.list(store, chunk_size=1), 1), None)


def write(store: Store, key: str, chunks: Iterable[bytes | memoryview], mime: str = "") -> None:
    """Write a file from a stream. The file appears when it is complete, and never if `chunks` raises.

    Holds about two parts of 5 MB in memory. Raises OSError, and whatever `chunks` raises.
    """
    # Browsers that follow a link need the type. A directory cannot store one.
    typed: Attributes = {"Content-Type": mime} if mime and isinstance(store, S3Store) else {}
    with (
        store_errors(),
        obstore.open_writer(store, key, attributes=typed, buffer_size=_WRITTEN, max_concurrency=1) as file,
    ):
        for chunk in chunks:
            file.write(chunk)


def read(store: Store, key: str) -> Iterator[memoryview]:
    """Yield a file in pieces. Each piece is a request of its own, so that no wait is long. Raises OSError."""
    with store_errors():
        reader = obstore.open_reader(store, key, buffer_size=_READ)
        while piece := memoryview(reader.read(_READ)):
            yield piece


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn obstore's errors into OSError with one sentence. A missing file stays FileNotFoundError."""
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise StoreRefused(_refusal("NoSuchBucket")) from error
        raise
    except BaseError as error:
        text = str(error)
        code = (_CODE.search(text) or ["", ""])[1]
        if _ROLES in text:
            code = "NoKeys"
        elif isinstance(error, PermissionDeniedError | UnauthenticatedError):
            code = code or "AccessDenied"
        if refusal := _refusal(code):
            raise StoreRefused(refusal) from error
        raise OSError(f"media store: {text.splitlines()[0]}") from error


def _refusal(code: str) -> str:
    """Return what an operator must do about an S3 error code; "" for errors that may pass by themselves."""
    if code == "NoSuchBucket":
        return "The bucket does not exist: create it, or correct the s3:// URL and S3_ENDPOINT_URL."
    if code == "NoKeys":
        return (
            "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are not set, and this machine has no role of its own."
        )
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"):
        return f"The store refuses the keys ({code}): check S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY."
    if code in ("AccessDenied", "AllAccessDisabled"):
        return f"The store does not let these keys in ({code}): allow them to read, write, list and delete."
    if code in ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"):
        return f"The bucket is in another region ({code}): check S3_REGION and S3_ENDPOINT_URL."
    return ""
