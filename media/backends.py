"""Opening a store of files by its URL, and what its errors mean: what knows S3 from a directory."""

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
"""Of one request; no request carries more than a few megabytes."""
_WRITTEN = 5 * 1024 * 1024
"""Bytes of one request that writes: S3 takes no smaller parts of a file."""
_READ = 2 * 1024 * 1024
"""Bytes of one request that reads."""
_ROLES = "169.254.169.254"
"""Where the machines of a cloud ask for the keys of their role."""
_CODE = re.compile("<Code>([^<]+)</Code>")


class StoreRefused(OSError):
    """The store is there and does not let us in, or has no such bucket: an operator must act."""


def open_store(url: str, settings: Settings, name: str = "MEDIA_URL", *, public: bool = False) -> Store:
    """The store at a directory, file:///directory or s3://bucket/prefix; a missing directory is made.

    Contacts nobody (see `check_store`). Raises SettingsError with one sentence that begins with `name`, the
    setting or option that the URL came from. `public`: under the address that people outside reach it by.
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
    # Files are deleted one by one, as not every S3-compatible store can do it in bulk.
    return S3Store(
        place.name,
        prefix=place.prefix or None,
        config={**config, "disable_bulk_delete": True},
        client_options={**_TIMEOUTS, "allow_http": endpoint.startswith("http://")},
        retry_config=_RETRY,
    )


def check_store(store: Store) -> None:
    """Ask the store for one name. Raises StoreRefused for what an operator must mend, else OSError."""
    with store_errors():
        next(islice(obstore.list(store, chunk_size=1), 1), None)


def write(store: Store, key: str, chunks: Iterable[bytes | memoryview], mime: str = "") -> None:
    """Write a file as it comes; it is there when it is complete, and not at all where `chunks` raises.

    Holds about two parts of 5 MB in memory. Raises OSError, and what `chunks` raises.
    """
    # A directory knows no types; browsers that follow a link need them.
    typed: Attributes = {"Content-Type": mime} if mime and isinstance(store, S3Store) else {}
    with (
        store_errors(),
        obstore.open_writer(store, key, attributes=typed, buffer_size=_WRITTEN, max_concurrency=1) as file,
    ):
        for chunk in chunks:
            file.write(chunk)


def read(store: Store, key: str) -> Iterator[memoryview]:
    """A file piece by piece, each asked for by itself, so that no wait is long. Raises OSError."""
    with store_errors():
        reader = obstore.open_reader(store, key, buffer_size=_READ)
        while piece := memoryview(reader.read(_READ)):
            yield piece


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn obstore's errors into OSError with one sentence; FileNotFoundError of a missing file stays."""
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
    """The sentence for an error code of S3's that time does not mend; "" for all others."""
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
