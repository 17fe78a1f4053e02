"""The signature that a job's id carries in URLs which leave our hands. Pure."""

import hashlib
import hmac


def signature(secret: str, job_id: str) -> str:
    """HMAC-SHA256 (64 hex digits): proof that a webhook URL for this job was made by us."""
    return hmac.new(secret.encode(), f"provider webhook of job {job_id}".encode(), hashlib.sha256).hexdigest()


def is_signature(secret: str, job_id: str, given: str) -> bool:
    """Whether `given` is the job's signature; takes the same time whatever is wrong with it."""
    return hmac.compare_digest(signature(secret, job_id).encode(), given.encode())
