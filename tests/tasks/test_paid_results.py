"""A prediction that is paid for is not thrown away for a trouble that passes: looks, outputs, the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from tasks_stage import Stage, eventually, stage

from jobs.failures import Failure
from jobs.model import Job, Kind
from jobs.states import State
from ledger import keys
from ledger.jobs import Cancellation
from providers.base import Submission
from tasks.generation import deadline, outputs
from tasks.generation.task import generate


@pytest.fixture(scope="module")
def whole_stage(redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(redis_server, tmp_path_factory.mktemp("media")) as made:
        yield made


@pytest.fixture
def scene(whole_stage: Stage, redis_url: str) -> Iterator[Stage]:
    """The stage with an empty Redis, and no trouble ordered."""
    yield whole_stage
    whole_stage.provider.clear_faults()
    whole_stage.provider.settings(hold=False, ttl_s=3600.0)


def again(scene: Stage, job: Job) -> Job:
    """The time for which the job was put off is over, and a worker takes it up."""
    scene.lapse(job)
    generate(job.id)
    return scene.now(job)


def put_off(scene: Stage, job: Job, state: State) -> bool:
    """Whether nobody holds the job, which has not died with anybody either."""
    now = scene.now(job)
    return (now.state, now.owner, now.crashes) == (state, "", 0)


def age(scene: Stage, job: Job, stamp: str, seconds: float) -> None:
    """The job entered a state so much earlier."""
    scene.redis.hincrby(keys.job(job.id), f"at:{stamp}", -round(seconds * 1000))


def ended(scene: Stage, job: Job) -> tuple[State, Failure | None, int]:
    """How it ended, once its chat was told, and for how many payments."""
    scene.work()
    now = scene.now(job)
    assert now.told
    return now.state, now.failure, scene.paid(job.request.prompt)


DELIVERED = (State.DELIVERED, None, 1)


# Looks.


@pytest.mark.parametrize("fault", ["401", "402", "403", "404", "422", "no_output", "odd_logs"])
def test_a_look_that_is_refused_is_made_again(scene: Stage, fault: str) -> None:
    """Given looks that are refused in every way, I expect the result all the same, paid for once."""
    prompt = f"a fox refused ({fault})"
    # The odd logs do not even cost a look.
    scene.provider.fault(fault, "get", match=prompt, times=1 if fault == "odd_logs" else 2)
    job = scene.job(prompt)
    assert ended(scene, job) == DELIVERED
    assert scene.provider.faults() == []


def test_a_prediction_that_ends_without_an_output_is_broken_in_the_end(scene: Stage) -> None:
    """Given a success that never shows its output, I expect it to be looked at until the deadline, and no
    longer."""
    scene.provider.fault("no_output", "get", match="a fox unseen", times=0)
    job = scene.job("a fox unseen")
    generate(job.id)
    assert put_off(scene, job, State.STORING)
    deadline_s = scene.process.generation.terms.model_of(job).deadline_s
    for state in ("running", "storing"):
        age(scene, job, state, deadline_s - 60)
    assert put_off(scene, again(scene, job), State.STORING)
    for state in ("running", "storing"):
        age(scene, job, state, 60)
    again(scene, job)
    assert ended(scene, job) == (State.FAILED, Failure.BAD_OUTPUT, 1)


def test_an_output_that_was_removed_is_not_waited_for(scene: Stage) -> None:
    """Given a provider that says it keeps the output no longer, I expect the end at once."""
    job = running(scene, "a fox of long ago")
    scene.provider.finish(scene.now(job).prediction)
    scene.provider.settings(ttl_s=0.0)
    again(scene, job)
    assert ended(scene, job) == (State.FAILED, Failure.BAD_OUTPUT, 1)


# The deadline.


def running(scene: Stage, prompt: str) -> Job:
    """A job whose worker died while its prediction ran, which has not ended yet."""
    scene.provider.hold()
    job = scene.job(prompt)
    submission = Submission("darkroom/sketch", {"prompt": prompt}, 3600)
    prediction = scene.process.generation.terms.provider_of(job).submit(submission)
    held = scene.ledger.running(scene.ledger.submitting(scene.claimed_elsewhere(job)), prediction.id)
    scene.ledger.release(held)
    eventually(lambda: scene.predictions(prompt)[0]["status"] == "processing")
    return scene.now(job)


def past_deadline(scene: Stage, prompt: str) -> Job:
    """The same, a second after its deadline."""
    job = running(scene, prompt)
    age(scene, job, "running", scene.process.generation.terms.model_of(job).deadline_s + 1)
    return job


@pytest.mark.parametrize("fault", ["404", "500", "malformed"])
def test_a_prediction_that_has_ended_by_the_deadline_is_used(scene: Stage, fault: str) -> None:
    """Given a job that is taken up after its deadline, and a trouble at its one look, I expect the provider's
    "too late" to the cancel to be heard, and the result to be fetched."""
    prompt = f"a fox in time ({fault})"
    job = past_deadline(scene, prompt)
    scene.provider.finish(scene.now(job).prediction)
    scene.provider.fault(fault, "get", match=prompt)
    again(scene, job)
    assert ended(scene, job) == DELIVERED


def test_an_end_that_cannot_be_seen_is_asked_for_later(scene: Stage) -> None:
    """Given a provider that says "too late" and then nothing, I expect the job to be put off, and its result
    to be fetched once there are answers."""
    job = past_deadline(scene, "a fox behind clouds")
    scene.provider.finish(scene.now(job).prediction)
    scene.provider.fault("500", "get", match="a fox behind clouds", times=0)
    again(scene, job)
    assert put_off(scene, job, State.RUNNING)
    scene.provider.clear_faults()
    again(scene, job)
    assert ended(scene, job) == DELIVERED


def test_an_end_that_cannot_be_seen_for_long_is_given_up(scene: Stage) -> None:
    job = past_deadline(scene, "a fox gone for good")
    scene.provider.finish(scene.now(job).prediction)
    scene.provider.fault("500", "get", match="a fox gone for good", times=0)
    age(scene, job, "running", deadline.PATIENCE_S)
    again(scene, job)
    assert ended(scene, job) == (State.FAILED, Failure.TIMED_OUT, 1)


def test_a_failure_that_is_seen_only_at_the_deadline_is_told_as_it_is(scene: Stage) -> None:
    job = past_deadline(scene, "a fox that failed")
    scene.provider.finish(scene.now(job).prediction, "failed", error="content_policy_violation")
    scene.provider.fault("500", "get", match="a fox that failed")
    again(scene, job)
    assert ended(scene, job) == (State.FAILED, Failure.REFUSED, 1)


@pytest.mark.parametrize("trouble", ["", "500"])
def test_the_deadline_stops_the_prediction(scene: Stage, trouble: str) -> None:
    """Given a prediction that still runs, I expect it to be cancelled there, also at the second attempt."""
    prompt = f"a fox too slow {trouble}"
    job = past_deadline(scene, prompt)
    if trouble:
        scene.provider.fault(trouble, "cancel", match=prompt)
    again(scene, job)
    assert ended(scene, job) == (State.FAILED, Failure.TIMED_OUT, 1)
    assert scene.predictions(prompt)[0]["status"] == "canceled"


def test_a_deadline_that_the_provider_keeps_is_a_deadline(scene: Stage) -> None:
    """Given a provider whose clock strikes before ours, I expect the person to hear of the time, and not of
    an error of the model."""
    scene.provider.hold()
    job = scene.job("a fox late by their clock")
    # The shortest that there is: five seconds, and the job's own is set to end a little later.
    prediction = scene.process.generation.terms.provider_of(job).submit(
        Submission("darkroom/sketch", {"prompt": "a fox late by their clock"}, 5)
    )
    held = scene.ledger.running(scene.ledger.submitting(scene.claimed_elsewhere(job)), prediction.id)
    scene.ledger.release(held)
    eventually(lambda: scene.predictions("a fox late by their clock")[0]["status"] == "canceled", 30)
    with deadline_of(scene, job, 5.5):
        age(scene, job, "running", -3)  # the ledger heard of it late
        again(scene, job)
    assert ended(scene, job) == (State.FAILED, Failure.TIMED_OUT, 1)


def test_a_prediction_that_somebody_cancelled_there_is_no_deadline(scene: Stage) -> None:
    job = running(scene, "a fox stopped by hand")
    scene.provider.finish(scene.now(job).prediction, "canceled")
    again(scene, job)
    assert ended(scene, job) == (State.FAILED, Failure.PROVIDER_FAILED, 1)


@contextmanager
def deadline_of(scene: Stage, job: Job, seconds: float) -> Iterator[None]:
    """The job's model has this deadline meanwhile."""
    models: Any = scene.process.catalogue.models
    before = models[job.request.model]
    models[job.request.model] = replace(before, deadline_s=seconds)
    try:
        yield
    finally:
        models[job.request.model] = before


# Jobs that are given up.


def test_a_prediction_of_a_job_that_is_given_up_is_stopped(scene: Stage) -> None:
    """Given a job that has killed its workers, I expect its prediction not to be paid for to its end."""
    job = running(scene, "a fox with a bomb")
    scene.redis.hset(keys.job(job.id), "crashes", scene.settings.max_crashes)
    again(scene, job)
    assert ended(scene, job) == (State.FAILED, Failure.CRASHED, 1)
    assert scene.predictions("a fox with a bomb")[0]["status"] == "canceled"


def test_a_prediction_that_failed_is_not_cancelled(scene: Stage) -> None:
    before = scene.provider.calls()["calls"].get("cancel", {})
    scene.provider.fault("fail", "prediction", match="a fox that trips")
    job = scene.job("a fox that trips")
    assert ended(scene, job) == (State.FAILED, Failure.PROVIDER_FAILED, 1)
    assert scene.provider.calls()["calls"].get("cancel", {}) == before


# Outputs.


@pytest.mark.parametrize("fault", ["404", "403", "500", "empty", "cut_short"])
def test_an_output_host_in_trouble_is_waited_for(scene: Stage, fault: str) -> None:
    """Given a host without the file for longer than a slot waits, I expect the job to be put off, and another
    attempt to bring the result, for the one payment."""
    prompt = f"a fox on its way ({fault})"
    scene.provider.fault(fault, "output", match=prompt, times=4)
    job = scene.job(prompt)
    generate(job.id)
    assert put_off(scene, job, State.STORING)
    again(scene, job)
    assert ended(scene, job) == DELIVERED


@pytest.mark.parametrize(
    ("fault", "patience_s", "failure"),
    [
        ("404", outputs.MISSING_S, Failure.BAD_OUTPUT),
        ("empty", outputs.MISSING_S, Failure.BAD_OUTPUT),
        ("500", outputs.PATIENCE_S, Failure.PROVIDER_DOWN),
        ("cut_short", outputs.PATIENCE_S, Failure.PROVIDER_DOWN),
    ],
)
def test_an_output_that_does_not_come_is_given_up_in_the_end(
    scene: Stage, fault: str, patience_s: float, failure: Failure
) -> None:
    prompt = f"a fox lost on its way ({fault})"
    scene.provider.fault(fault, "output", match=prompt, times=0)
    job = scene.job(prompt)
    generate(job.id)
    age(scene, job, "storing", patience_s - 60)
    assert put_off(scene, again(scene, job), State.STORING)
    age(scene, job, "storing", 60)
    again(scene, job)
    assert ended(scene, job) == (State.FAILED, failure, 1)


def test_urls_at_hand_are_used_where_fresh_ones_are_not_given(scene: Stage) -> None:
    """Given a download that fails, and looks that fail after it, I expect the URLs of the first to do."""
    job = scene.job("a fox seen once")
    scene.provider.fault("500", "output", match="a fox seen once")
    with scene.working(job):
        eventually(lambda: scene.now(job).state is State.STORING)
        scene.provider.fault("401", "get", match="a fox seen once", times=0)
    assert ended(scene, job) == DELIVERED


@pytest.mark.parametrize("kind", Kind)
def test_the_output_of_the_jobs_kind_is_taken(scene: Stage, kind: Kind) -> None:
    """Given a prediction of several files, the wanted one behind a preview and a log, I expect that one."""
    prompt = f"a fox among others, {kind}"
    scene.provider.fault("with_preview", "prediction", match=prompt)
    job = scene.job(prompt, kind)
    assert ended(scene, job) == DELIVERED
    assert scene.message(job)["media"]["kind"] == ("photo" if kind is Kind.IMAGE else "video")


@pytest.mark.parametrize(("brand", "shown"), [("iso4", "video"), ("new!", "video"), ("qt  ", "document")])
def test_a_video_of_any_brand_is_given(scene: Stage, brand: str, shown: str) -> None:
    """Given videos that no table lists, I expect them in the chat: to be played, or else as a file."""
    prompt = f"a fox of {brand}"
    scene.provider.fault("brand", "output", match=prompt, brand=brand)
    job = scene.job(prompt, Kind.VIDEO)
    assert ended(scene, job) == DELIVERED
    assert scene.message(job)["media"]["kind"] == shown


def test_a_job_that_was_put_off_is_cancelled_at_once(scene: Stage) -> None:
    """Given a job that nobody holds for a while, I expect a cancel to bring it to a worker at once."""
    scene.provider.fault("404", "output", match="a fox not waited for", times=0)
    job = scene.job("a fox not waited for")
    generate(job.id)
    assert put_off(scene, job, State.STORING)
    assert scene.ledger.cancel(job.id, job.origin.user) == (Cancellation.CANCELLING, "")
    assert scene.ledger.due.find() == [job.id]
    generate(job.id)
    scene.work()
    assert (scene.now(job).state, scene.now(job).told) == (State.CANCELLED, True)


# The store.


@contextmanager
def store_away(scene: Stage) -> Iterator[None]:
    """A media store that can be neither read nor written."""
    moved = scene.folder.with_name("elsewhere")
    scene.folder.rename(moved)
    scene.folder.write_text("a file where the folder has to be")
    try:
        yield
    finally:
        scene.folder.unlink()
        moved.rename(scene.folder)


def test_a_store_that_is_away_is_waited_for(scene: Stage) -> None:
    job = scene.job("a fox without a place yet")
    with store_away(scene):
        generate(job.id)
        assert put_off(scene, job, State.STORING)
        assert put_off(scene, again(scene, job), State.STORING)
    again(scene, job)
    assert ended(scene, job) == DELIVERED


def test_a_store_that_stays_away_ends_the_job_in_the_end(scene: Stage) -> None:
    job = scene.job("a fox without a place for ever")
    with store_away(scene):
        generate(job.id)
        age(scene, job, "storing", outputs.PATIENCE_S)
        again(scene, job)
    assert ended(scene, job) == (State.FAILED, Failure.INTERNAL, 1)


def test_what_the_store_has_already_is_not_fetched_again(scene: Stage) -> None:
    """Given a worker that died between storing and saying so, and a provider that has deleted the output, I
    expect the file that is there."""
    job = running(scene, "a fox at home")
    scene.provider.finish(job.prediction)
    held = scene.ledger.storing(scene.claimed_elsewhere(job))
    url = scene.predictions("a fox at home")[0]["output"][0]
    with scene.process.files.downloader.stream(url, private=True) as chunks:
        kept = scene.process.files.store.keep(held, chunks)
    scene.provider.settings(ttl_s=0.0)
    again(scene, job)
    assert ended(scene, job) == DELIVERED
    assert scene.now(job).artifact == kept


# Submissions.


@pytest.mark.parametrize("fault", ["401", "402", "403", "404", "422"])
def test_what_the_operator_has_to_mend_is_not_the_persons_doing(scene: Stage, fault: str) -> None:
    """Given a submission that no person's words would mend, I expect nothing to be paid or counted, and the
    operator's counter to move."""
    prompt = f"a fox not for you ({fault})"
    scene.provider.fault(fault, "create", match=prompt)
    job = scene.job(prompt)
    assert ended(scene, job) == (State.FAILED, Failure.NOT_CONFIGURED, 0)
    assert "This request was not counted." in scene.message(job)["text"]
    eventually(lambda: scene.redis.hget(keys.counts(), "provider:replicate:submit:denied:sketch") == "1")


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ("content_policy_violation", Failure.REFUSED),
        ("InputImageSensitiveContentDetected", Failure.REFUSED),
        ("Cannot load nsfw_detector.onnx: No space left on device", Failure.PROVIDER_FAILED),
        ("The moderation service is unavailable", Failure.PROVIDER_FAILED),
    ],
)
def test_a_failure_is_judged_by_its_evidence(scene: Stage, error: str, failure: Failure) -> None:
    scene.provider.fault("fail", "prediction", match="a fox on trial", error=error)
    job = scene.job("a fox on trial")
    state, found, _ = ended(scene, job)
    assert (state, found) == (State.FAILED, failure)
