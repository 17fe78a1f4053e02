"""OpenTelemetry traces, one for each ended job, if OTEL_EXPORTER_OTLP_ENDPOINT is set.

A trace is made from the job's trail. So it costs nothing while the job runs, and contains the work of all
workers, even of those that died. A trace contains ids, but neither prompts nor who the people are.
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
    """Sends traces in the background. The caller closes it."""

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
        """Send the job's trace, or return False if its end was not told yet. Raises LedgerUnavailable."""
        job = self._ledger.get(job_id)
        if job is None or not job.told:
            return False
        self._write(Life(job, self._trails.of(job), job.stamps["told"]))
        return True

    def try_send(self, job_id: str) -> None:
        """Send the job's trace if the job has ended. If the ledger is away, log that instead."""
        try:
            self.send(job_id)
        except LedgerUnavailable as error:
            log.warning("trace not sent", job=job_id, error=str(error))

    def close(self) -> None:
        """Send the remaining traces, for at most three seconds."""
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
    """Return what a trace says of a job: ids, kinds and numbers. Pure."""
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
