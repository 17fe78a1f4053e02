"""The signature of a job's id in URLs that others call. Pure."""

import hashlib
import hmac
from collections.abc import Sequence


def signature(secret: str, job_id: str) -> str:
    """Return an HMAC-SHA256 (64 hex digits) that proves that we made a webhook URL for this job."""
    return hmac.new(secret.encode(), f"provider webhook of job {job_id}".encode(), hashlib.sha256).hexdigest()


def is_signature(secrets: Sequence[str], job_id: str, given: str) -> bool:
    """Return whether `given` is the job's signature by one of the secrets, in constant time."""
    return is_one_of([signature(secret, job_id) for secret in secrets], given)


def is_one_of(secrets: Sequence[str], given: str) -> bool:
    """Return whether a text is one of the secrets, in constant time."""
    return any([hmac.compare_digest(secret.encode(), given.encode()) for secret in secrets])  # noqa: C419
