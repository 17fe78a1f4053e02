"""The file of a result: by its Telegram file id where Telegram has the file, else from the media store."""

from dataclasses import dataclass

from chat.media import Known, Upload
from jobs.errors import JobFailed
from jobs.failures import Failure
from jobs.model import Job
from ledger.cache import Cache
from media.store import MediaStore


@dataclass(frozen=True, slots=True)
class Attachments:
    """Finds the files of results. `cache` holds the Telegram file ids of earlier jobs' results."""

    store: MediaStore
    cache: Cache

    def of(self, job: Job) -> Upload | Known:
        """Return the job's file, without reading it yet. Raises JobFailed for a job without an artifact."""
        artifact = job.artifact
        if artifact is None:
            raise JobFailed(Failure.INTERNAL, "the job has no artifact")
        name = f"darkroom-{job.id}.{artifact.key.rpartition('.')[2]}"
        upload = Upload(name, artifact.mime, artifact.size, lambda: self.store.open(artifact))
        hit = None if job.file_id or not job.digest else self.cache.get(job.digest)
        # Several jobs may share an artifact, and Telegram may have the file from an earlier one.
        known = job.file_id or (hit.file_id if hit and hit.artifact == artifact else "")
        return Known(known, artifact.mime, upload) if known else upload
