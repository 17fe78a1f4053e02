"""Traces on their way to an OTLP receiver, with the real SDK and a real ledger."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sink import Sink, sink

from config.settings import Settings
from jobs.failures import Failure
from jobs.model import Artifact, Job, Kind, Origin, Request
from ledger.admission import Accepted
from ledger.connection import connect
from ledger.jobs import Ledger, Stage
from sandbox.admission import admit_once
from sandbox.stack import Stack
from tasks.traces import Traces

PROMPT = "a red fox in the snow"
ANN = Origin(user=7_000_000_001, chat=7_000_000_001, reply_to=5)


@pytest.fixture
def receiver() -> Iterator[Sink]:
    with sink() as server:
        yield server


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    client = connect(redis_url)
    yield client
    client.close()


@pytest.fixture
def ledger(client: "redis.Redis", settings_for: Callable[..., Settings]) -> Ledger:
    settings = settings_for(lease_s=0.3, heartbeat_s=0.1)
    ledger = Ledger(client, settings)
    request = Request(Kind.IMAGE, "sketch", PROMPT)
    assert isinstance(admit_once(settings, "fox", request, ANN, fresh=True), Accepted)
    ledger.published("fox")
    return ledger


def claim(ledger: Ledger, owner: str, stage: Stage) -> Job:
    job = ledger.claim("fox", owner, stage)
    assert job
    return job


def spans(receiver: Sink) -> list[Any]:
    """Return all that came: the whole job's span, then its parts, the first to begin first.

    The whole is known by having no parent: a job that is over within a millisecond, the ledger's unit of
    time, begins and ends together with its parts.
    """
    found = []
    for path, body in receiver.posted:
        assert path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            assert names["service.name"] == "darkroom"
            found += [span for scope in resource.scope_spans for span in scope.spans]
    return sorted(found, key=lambda span: (span.parent_span_id, span.start_time_unix_nano))


def about(span: Any) -> dict[str, Any]:
    """A span's attributes as text."""
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


@pytest.fixture
def traces(
    client: "redis.Redis", ledger: Ledger, receiver: Sink, settings_for: Callable[..., Settings]
) -> Iterator[Traces]:
    made = Traces(settings_for(otel_exporter_otlp_endpoint=f"{receiver.url}/"), client, ledger, "three")
    yield made
    made.close()


def test_one_trace_has_the_parts_of_all_workers(ledger: Ledger, traces: Traces, receiver: Sink) -> None:
    """Given a job that two workers had, its trace is sent when it has ended, not before, with each part as a
    span of its own, the hand-over as an event, and without prompt, user or chat."""
    job = ledger.running(ledger.submitting(claim(ledger, "one", Stage.GENERATE)), "p1")
    ledger.release(job)
    assert not traces.send("fox")
    job = ledger.storing(claim(ledger, "two", Stage.GENERATE))
    ledger.stored(job, Artifact("2026-11/x.png", "image/png", 1234))
    ledger.delivered(claim(ledger, "three", Stage.DELIVER), "file")
    assert traces.send("fox")
    traces.close()

    whole, *parts = spans(receiver)
    assert whole.name == "image job"
    assert about(whole)["job.id"] == "fox"
    assert about(whole)["job.prediction"] == "p1"
    assert {span.trace_id for span in parts} == {whole.trace_id}
    assert {span.parent_span_id for span in parts} == {whole.span_id}
    held = {(span.name, about(span).get("worker", "")) for span in parts}
    assert held <= {
        ("accepted", ""), ("queued", ""), ("claimed", "one"), ("submitting", "one"), ("running", "one"),
        ("running", ""), ("running", "two"), ("storing", "two"), ("stored", ""), ("delivering", "three"),
    }  # fmt: skip
    assert parts[0].start_time_unix_nano == whole.start_time_unix_nano
    assert sum(span.end_time_unix_nano - span.start_time_unix_nano for span in parts) == (
        whole.end_time_unix_nano - whole.start_time_unix_nano
    )
    assert ("released", "one") in [
        (event.name, event.attributes[0].value.string_value if event.attributes else "")
        for event in whole.events
    ]
    everything = b"".join(body for _, body in receiver.posted)
    assert b"fox in the snow" not in everything
    assert str(ANN.user).encode() not in everything


def test_a_failure_of_ours_is_an_error(ledger: Ledger, traces: Traces, receiver: Sink) -> None:
    ledger.failed(claim(ledger, "one", Stage.GENERATE), Failure.PROVIDER_DOWN)
    assert not traces.send("fox")
    ledger.told(claim(ledger, "three", Stage.DELIVER))
    assert traces.send("fox")
    traces.close()
    whole = spans(receiver)[0]
    assert (whole.status.code, whole.status.message) == (2, "provider_down")
    assert about(whole)["job.failure"] == "provider_down"


def test_a_receiver_that_is_away_holds_nothing_up(
    client: "redis.Redis", ledger: Ledger, settings_for: Callable[..., Settings]
) -> None:
    """Sending is in the background; closing gives up after its few seconds."""
    traces = Traces(settings_for(otel_exporter_otlp_endpoint="http://127.0.0.1:1"), client, ledger, "three")
    ledger.failed(claim(ledger, "one", Stage.GENERATE), Failure.REFUSED)
    ledger.told(claim(ledger, "three", Stage.DELIVER))
    assert traces.send("fox")
    traces.close()


def test_the_stack_sends_the_trace_of_what_people_ask_for(receiver: Sink) -> None:
    """Given both extras switched on, when somebody asks for a picture, it is made as ever, and its trace
    comes with the bot's prediction in it and without a word of what was asked for."""
    extras = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "SENTRY_DSN": f"http://thekey@127.0.0.1:{receiver.port}/42",
        "POLL_FIRST_S": "0.1",
        "POLL_MAX_S": "0.2",
    }
    fast = ("--latency", "image=0.3", "--sigma", "0", "--fast-media")
    with Stack(("bot", "worker-image", "deliver"), extras, fast) as stack:
        ann = stack.telegram.new_user("Ann")
        stack.telegram.send(ann, "/image quokkas on parade")
        stack.telegram.wait_message(ann, lambda found: bool(found["media"]), timeout=30)
        (job,) = stack.users.history(ann)
        stack.programs["deliver"].terminate()  # which sends what it has
        assert '"level": "error"' not in stack.programs["deliver"].log_text
    assert {path for path, _ in receiver.posted} == {"/v1/traces"}
    whole, *parts = spans(receiver)
    assert about(whole)["job.id"] == job.id
    assert about(whole)["job.prediction"] == job.prediction
    assert {"running", "storing", "delivering"} <= {span.name for span in parts}
    assert b"quokkas" not in b"".join(body for _, body in receiver.posted)
