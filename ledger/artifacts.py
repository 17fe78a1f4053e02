"""The files of the media store that active jobs still need."""

from typing import Any

import redis

from jobs.states import ACTIVE
from ledger import keys
from ledger.scripts import ledger_errors


def artifacts_in_use(client: "redis.Redis") -> set[str]:
    """Return the keys of all files that an active job is to deliver or to animate.

    Raises LedgerUnavailable.
    """
    with ledger_errors():
        reading = client.pipeline(transaction=False)
        for state in ACTIVE:
            reading.zrange(keys.in_state(state), 0, -1)
        active: list[str] = [job_id for found in reading.execute() for job_id in found]
        records = _artifacts(client, active)
        records += _artifacts(client, sorted({source for _, source in records if source}))
    return {artifact for artifact, _ in records if artifact}


def _artifacts(client: "redis.Redis", job_ids: list[str]) -> list[Any]:
    reading = client.pipeline(transaction=False)
    for job_id in job_ids:
        reading.hmget(keys.job(job_id), "artifact", "source")
    return reading.execute()
