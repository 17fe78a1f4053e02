"""The signature that a job's id carries in URLs which leave our hands. Pure."""

import hashlib
import hmac
from collections.abc import Sequence


def signature(secret: str, job_id: str) -> str:
    """HMAC-SHA256 (64 hex digits): proof that a webhook URL for this job was made by us."""
    return hmac.new(secret.encode(), f"provider webhook of job {job_id}".encode(), hashlib.sha256).hexdigest()


def is_signature(secrets: Sequence[str], job_id: str, given: str) -> bool:
    """Whether `given` is the job's signature by one of the secrets; takes the same time whatever is wrong."""
    return is_one_of([signature(secret, job_id) for secret in secrets], given)


def is_one_of(secrets: Sequence[str], given: str) -> bool:
    """Whether a text is one of the secrets; takes the same time whichever it is, or is not."""
    return any([hmac.compare_digest(secret.encode(), given.encode()) for secret in secrets])  # noqa: C419
