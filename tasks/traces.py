"""Traces of jobs to OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT is set: one for each job that has ended.

It is made of the job's trail, so it costs a job nothing on its way, and has the parts of all workers in it,
of those that died too. Ids go along; what people wrote and who they are does not.
"""

from typing import Any

import redis
import structlog

from config.settings import Settings
from jobs.errors import LedgerUnavailable
from jobs.life import Life
from jobs.model import Job
from jobs.states import State
from ledger.jobs import Ledger
from ledger.trail import Trails

log = structlog.get_logger(__name__)
_FLUSH_MS = 3000


class Traces:
    """Sends in the background. The caller closes it."""

    def __init__(self, settings: Settings, client: "redis.Redis", ledger: Ledger, owner: str) -> None:
        # An optional extra.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        self._ledger = ledger
        self._trails = Trails(client)
        resource = Resource({"service.name": "darkroom", "service.instance.id": owner})
        endpoint = f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces"
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=5)))
        self._tracer = self._provider.get_tracer("darkroom")

    def send(self, job_id: str) -> bool:
        """Send the job's life; False where it has not ended yet. Raises LedgerUnavailable."""
        job = self._ledger.get(job_id)
        if job is None or not job.told:
            return False
        self._write(Life(job, self._trails.of(job), job.stamps["told"]))
        return True

    def try_send(self, job_id: str) -> None:
        """Send the job's life if it has ended; where the ledger is away, say so in the log and go without."""
        try:
            self.send(job_id)
        except LedgerUnavailable as error:
            log.warning("trace not sent", job=job_id, error=str(error))

    def close(self) -> None:
        """Send what is left, for at most three seconds."""
        self._provider.force_flush(_FLUSH_MS)
        self._provider.shutdown()

    def _write(self, life: Life) -> None:
        from opentelemetry import trace  # noqa: PLC0415

        states = set(State)
        whole = self._tracer.start_span(
            f"{life.job.request.kind} job", start_time=_ns(life.events[0].at), attributes=attributes(life)
        )
        within = trace.set_span_in_context(whole)
        for part in life.parts():
            about = {"job.id": life.job.id, **({"worker": part.who} if part.who else {})}
            span = self._tracer.start_span(
                part.state, context=within, start_time=_ns(part.start), attributes=about
            )
            span.end(_ns(part.end))
        for event in life.events:
            if event.what not in states:
                whole.add_event(event.what, {"by": event.who} if event.who else {}, _ns(event.at))
        if life.job.failure and life.job.failure.ours:
            whole.set_status(trace.StatusCode.ERROR, life.job.failure)
        whole.end(_ns(max(life.events[-1].at, life.now)))


def attributes(life: Life) -> dict[str, Any]:
    """What is told of a job: ids and kinds. Pure."""
    job: Job = life.job
    found: dict[str, Any] = {
        "job.id": job.id,
        "job.kind": job.request.kind,
        "job.model": job.request.model,
        "job.tier": job.tier,
        "job.lane": job.lane,
        "job.state": job.state,
        "job.paid_calls": life.attempts,
        "job.polls": job.polls,
        "job.crashes": job.crashes,
        "job.cached": job.cached,
    }
    named = {"job.prediction": job.prediction, "job.failure": job.failure}
    return found | {name: str(value) for name, value in named.items() if value}


def _ns(seconds: float) -> int:
    return round(seconds * 1000) * 1_000_000
