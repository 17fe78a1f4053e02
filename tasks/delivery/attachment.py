"""The file that a result is: what Telegram has of it already, else the stored artifact."""

from dataclasses import dataclass

from chat.media import Known, Upload
from jobs.errors import JobFailed
from jobs.failures import Failure
from jobs.model import Job
from ledger.cache import Cache
from media.store import MediaStore


@dataclass(frozen=True, slots=True)
class Attachments:
    """Finds files for results. `cache` knows Telegram's names of files that other jobs were given."""

    store: MediaStore
    cache: Cache

    def of(self, job: Job) -> Upload | Known:
        """Return the file to give. Nothing is read yet. Raises JobFailed for a job without an artifact."""
        artifact = job.artifact
        if artifact is None:
            raise JobFailed(Failure.INTERNAL, "the job has no artifact")
        name = f"darkroom-{job.id}.{artifact.key.rpartition('.')[2]}"
        upload = Upload(name, artifact.mime, artifact.size, lambda: self.store.open(artifact))
        hit = None if job.file_id or not job.digest else self.cache.get(job.digest)
        # Of an artifact that several jobs share, Telegram may have it from the first of them.
        known = job.file_id or (hit.file_id if hit and hit.artifact == artifact else "")
        return Known(known, artifact.mime, upload) if known else upload
