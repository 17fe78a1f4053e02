"""The ledger: the truth about every job, kept in Redis.

Every change is one Lua script. In one step it checks the present state and the lease's token, stamps the
time and counts the change. No other code writes a job. All methods raise LedgerUnavailable when Redis does
not answer.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import redis

from config.settings import Settings
from jobs import model
from jobs.errors import IllegalMove, LeaseLost, PredictionOwned, Submitted, UnreadableRecord
from jobs.failures import Failure
from jobs.model import VERSION, Artifact, Job, Order
from jobs.states import State
from ledger import clock, keys
from ledger.clock import Clock
from ledger.overdue import Overdue
from ledger.scripts import Scripts, confirmed, ledger_errors

HISTORY = 50
"""Number of jobs that a user's history keeps."""


class Stage(StrEnum):
    """The stage that a worker claims a job for."""

    GENERATE = "generate"
    DELIVER = "deliver"


class Way(StrEnum):
    """How a result reached its chat."""

    EDIT = "edit"  # the status message became the result
    FALLBACK = "fallback"  # a new message, as the status message was gone
    LINK = "link"  # a link, as the file was too large


class Unheard(StrEnum):
    """Why a chat could not be told how its job ended."""

    GONE = "gone"  # the bot was blocked, or the chat is gone
    REFUSED = "refused"  # the chat exists, and takes not even a text message
    LATE = "late"  # Telegram was in trouble for too long
    BROKEN = "broken"  # an error of ours, at each attempt


class Anew(StrEnum):
    """Whether a new message may be sent for the end of a job."""

    SEND = "send"  # the caller may send one message
    SENT = "sent"  # all messages that may be sent have been sent, or may have been
    WAIT = "wait"  # the status message may be on its way at this moment
    APPEARED = "appeared"  # there is a status message after all


class Cancellation(StrEnum):
    """The outcome of a request to cancel a job."""

    CANCELLED = "cancelled"  # no slot held the job, and it has ended
    CANCELLING = "cancelling"  # the slot that holds the job will end it
    LATE = "late"  # the result is there already
    ENDED = "ended"
    FOREIGN = "foreign"  # somebody else's job
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Renewal:
    """The result of a renewal.

    Attributes:
        lost: Jobs that the process no longer holds.
        cancelled: Jobs that their users want cancelled.
        news: Jobs that a webhook has brought news of.
    """

    lost: frozenset[str]
    cancelled: frozenset[str]
    news: frozenset[str] = frozenset()


class Ledger:
    """The ledger of jobs. One instance per process, shared between threads.

    Attributes:
        due: The jobs that the sweep must look at.
        clock: The ledger's clock, set by the latest claim.
    """

    def __init__(self, client: "redis.Redis", settings: Settings) -> None:
        self._redis = client
        self._run = Scripts(client, settings.redis_wait_replicas)
        self._replicas = settings.redis_wait_replicas
        self.clock = Clock()
        self.due = Overdue(client, self._run, settings.lease_s)
        self._lease = _ms(settings.lease_s)
        self._unpublished = _ms(settings.unpublished_s)
        self._requeue = _ms(settings.requeue_s)
        self._last_chance = settings.max_crashes - 1
        self._keep = settings.keep_jobs_days * 86_400
        self._budgets = json.dumps(settings.budgets().by_period())

    # The steps of a job, in their order.

    def published(self, job_id: str) -> None:
        """Record that the job's message is on the broker, unless a worker has claimed the job already."""
        self._run("move", job_id, "", State.QUEUED, State.ACCEPTED, self._requeue, "{}", self._keep)

    def claim(self, job_id: str, owner: str, stage: Stage, *, turn: bool = False) -> Job | None:
        """Take the lease of a job for this stage.

        Args:
            turn: Whether to claim the lane's next job instead, if the named one waits or needs no worker.

        Returns:
            The job. None when another worker holds its lease, when its lane is paused, when it has ended, or
            when it is at another stage. Also None when one more crash would fail the job and this process
            already holds such a job. Also None when this release cannot read the record: a lease that was
            taken is handed back then, and the sweep counts the job.
        """
        # The client repeats a call whose reply was lost; the call's id makes it get the same job again.
        named = uuid.uuid4().hex
        terms = (self._lease, stage, VERSION, "1" if turn else "0", self._last_chance, named)
        answer, *found = self._run("claim", job_id, owner, *terms)
        if answer != "claimed":
            return None
        record, claimed, now_ms = found
        self.clock.learn(now_ms / 1000)
        try:
            return model.from_flat(claimed, record)
        except UnreadableRecord:
            token = dict(zip(record[::2], record[1::2], strict=True))["token"]
            self._run("release", claimed, token, self._lease)
            return None

    def renew(self, held: Mapping[str, int]) -> Renewal:
        """Renew the leases of all jobs of a process (job id -> token) in one call."""
        pairs = [part for item in held.items() for part in item]
        return Renewal(*map(frozenset, self._run("renew", self._lease, *pairs)))

    def submitting(self, job: Job, order: Order | None = None, price_usd: float | None = None) -> Job:
        """Record that the paid call is about to be made. After this no other worker makes the call.

        Args:
            order: What the call asks for.
            price_usd: The present price, where it may have changed since the admission.

        Raises:
            Submitted: A webhook has brought news of an earlier call, which seemed not to have been taken.
        """
        fields: dict[str, Any] = {} if order is None else {"order": model.order_field(order)}
        if price_usd is not None:
            fields["price"] = f"{price_usd:.6f}"
        if job.state is State.SUBMITTING:
            self.note(job, unsent="", **fields)
            return replace(job, unsent=False, order=order or job.order)
        return self._move(job, State.SUBMITTING, **fields)

    def unsent(self, job: Job) -> Job:
        """Record that the provider has surely not taken the paid call.

        The provider throttled the call, or refused the connection.
        """
        self.note(job, unsent="1")
        return replace(job, unsent=True)

    def unknown(self, job: Job) -> Job:
        """Record that the outcome of the paid call is unknown.

        The prediction is looked for at the provider, and a webhook may bring news of it.
        """
        return self._move(job, State.UNKNOWN, due=self._unpublished)

    def running(self, job: Job, prediction: str) -> Job:
        """Record the prediction that the provider runs for the job.

        Raises PredictionOwned where the prediction belongs to another job.
        """
        return self._move(job, State.RUNNING, prediction=prediction)

    def adopt(self, job_id: str, prediction: str) -> bool:
        """Record the prediction of a submission whose outcome was not known.

        The caller needs no lease, because only the job's one submission can have made the prediction.

        Returns:
            Whether that was news, and the prediction belongs to no other job.
        """
        return bool(self._run("adopt", job_id, prediction))

    def storing(self, job: Job, completed: float | None = None) -> Job:
        """Record that the prediction succeeded; its output is being fetched.

        `completed` is the time of completion by the provider's clock (Unix seconds).
        """
        at = {} if completed is None else {"completed": _ms(completed)}
        return self._move(job, State.STORING, progress=100, polls=job.polls, **at)

    def stored(self, job: Job, artifact: Artifact) -> tuple[Job, list[str]]:
        """Record that the artifact is in the media store; it is still to be delivered.

        Returns:
            The job, and the ids of the jobs that share its result.
        """
        fields = model.artifact_fields(artifact)
        return self._moved(job, State.STORED, due=self._unpublished, **fields)

    def delivered(self, job: Job, file_id: str, way: Way = Way.EDIT) -> Job:
        """Record that the chat has the result; `file_id` is Telegram's name for the file."""
        return self._move(job, State.DELIVERED, file_id=file_id, way=way)

    def failed(self, job: Job, failure: Failure) -> tuple[Job, list[str]]:
        """End the job without a result; its chat is still to be told why. The caller must hold the lease.

        Returns:
            The job, and the ids of the jobs that share its failure.
        """
        return self._moved(job, State.FAILED, due=self._unpublished, polls=job.polls, **_reason(failure))

    def cancelled(self, job: Job) -> tuple[Job, list[str]]:
        """End the job because its user cancelled it. The caller must hold the lease.

        Returns:
            The job, and the id of the job (none or one) that shared it and took its place. That job inherits
            the prediction, so that nothing is to be cancelled at the provider.
        """
        return self._moved(job, State.CANCELLED, due=self._unpublished)

    def told(self, job: Job, unheard: Unheard | None = None) -> None:
        """Record that the chat was told how a failed or cancelled job ended; nothing remains to be done.

        `unheard` says why the chat never will be told.
        """
        self._finish(self._run("told", job.id, job.token, self._keep, unheard or ""), job.id)

    # Other operations on a job.

    def cancel(self, job_id: str, user: int) -> tuple[Cancellation, str]:
        """Cancel a job for a user; only the job's own user may.

        Returns:
            The outcome, and the id of the job that shared this one and took its place, to be published ("" if
            there is none).
        """
        outcome, heir = self._run("cancel", job_id, user, self._unpublished, self._budgets)
        return Cancellation(outcome), heir

    def wake(self, job_id: str) -> bool:
        """Make the slot that holds the job poll the provider now, in whichever process the slot is.

        Returns:
            False where no process heard the call; then the slot polls after the next renewal of its lease.
        """
        return bool(self._run("wake", job_id))

    def release(self, job: Job, again_in_s: float = 0.0) -> None:
        """Hand a held job back in its present state. The sweep publishes it after `again_in_s` seconds."""
        self._finish(self._run("release", job.id, job.token, _ms(again_in_s)), job.id)

    def note(self, job: Job, **fields: str | int) -> None:
        """Write fields of a held job without changing its state (its progress, its message)."""
        self._finish(self._run("note", job.id, job.token, json.dumps(fields)), job.id)

    def hindered(self, job: Job, *, error: bool = False) -> tuple[float, int]:
        """Record that a held job cannot go on for the moment; `error`: because of an error of ours.

        Returns:
            The seconds since the job was first hindered in its present state, by the ledger's clock, and the
            number of our errors in that state.
        """
        terms = self._finish(self._run("hindered", job.id, job.token, int(error)), job.id)
        return terms[0] / 1000, terms[1]

    def posted(self, job: Job, message: int) -> bool:
        """Tie a status message to its job.

        The caller needs no lease, because the message is posted once (see `once`).

        Returns:
            False where the message came too late and must be deleted: the chat has the job's end, or may be
            getting it at this moment, or the job is no longer known.
        """
        return self._posted(job, message, "") == "posted"

    def sent_anew(self, job: Job, message: int) -> None:
        """Tie a new message, sent for the held job's end, to the job in place of its status message."""
        self._finish([self._posted(job, message, job.token)], job.id)

    def anew(self, job: Job, caller: str, posting_s: float, marks: Sequence[str]) -> tuple[Anew, str]:
        """Return whether a new message may be sent for the held job's end, and the mark taken for it.

        If the message was surely not sent, the caller gives the mark back with `again`.

        Args:
            caller: A name for the caller, who may ask again with the same name, as in `once`.
            posting_s: Time (s) for which a status message may still appear after its mark was taken.
            marks: The marks for new messages; one message may be sent for each.

        Raises:
            LeaseLost: The caller no longer holds the job.
        """
        answer, mark = self._run("anew", job.id, job.token, caller, job.message, _ms(posting_s), *marks)
        if answer == "lost":
            raise LeaseLost(f"job {job.id} is no longer ours")
        return Anew(answer), mark

    def by_message(self, chat: int, message: int) -> Job | None:
        """Return the job of this chat message; None where it belongs to no job that is still kept."""
        with ledger_errors():
            job_id: Any = self._redis.get(keys.message(chat, message))
        return self.get(job_id) if job_id else None

    def once(self, job_id: str, mark: str, caller: str = "") -> bool:
        """Take a mark for a send that must not be repeated; return whether the caller may send.

        The result is True for the first caller with this mark and False for all others. A caller that gives
        its name may ask again and gets the same result, as it must where the first reply was lost with the
        connection.
        """
        return bool(self._run("once", job_id, mark, caller or uuid.uuid4().hex))

    def again(self, job_id: str, mark: str) -> None:
        """Remove a mark of `once`, so that it can be taken again: the message was surely not sent."""
        key, field = keys.job(job_id), f"once:{mark}"
        confirmed(self._redis, self._replicas, lambda pipe: pipe.hdel(key, field))

    def get(self, job_id: str) -> Job | None:
        """Return the job as it is now; None where it is not kept, or this release cannot read its record."""
        with ledger_errors():
            record: Any = self._redis.hgetall(keys.job(job_id))
        try:
            return model.from_record(job_id, record) if "state" in record else None
        except UnreadableRecord:
            return None

    def now(self) -> float:
        """Return the ledger's time (Unix seconds), by which jobs are stamped.

        Redis is asked only where no claim has set the clock yet.
        """
        if not self.clock.known:
            with ledger_errors():
                self.clock.learn(clock.ask(self._redis))
        return self.clock.now()

    def ping(self) -> None:
        """Check that Redis answers; raise LedgerUnavailable if it does not."""
        with ledger_errors():
            self._redis.ping()

    def owned(self, predictions: Sequence[str], but: str) -> frozenset[str]:
        """Return those of the predictions that belong to other jobs than `but`."""
        if not predictions:
            return frozenset()
        with ledger_errors():
            found: Any = self._redis.mget([keys.prediction(each) for each in predictions])
        return frozenset(
            prediction
            for prediction, owner in zip(predictions, found, strict=True)
            if owner not in (None, but)
        )

    def submitted_now(self) -> list[Job]:
        """Return the jobs whose paid call may be on its way at this moment."""
        with ledger_errors():
            found: Any = self._redis.zrange(keys.in_state(State.SUBMITTING), 0, -1)
        jobs = (self.get(job_id) for job_id in found)
        return [job for job in jobs if job and job.state is State.SUBMITTING and not job.unsent]

    def followers(self, job_id: str) -> list[str]:
        """Return the ids of the jobs that share this job's result, in the order of their admission."""
        with ledger_errors():
            found: Any = self._redis.zrange(keys.followers(job_id), 0, -1)
        return list(found)

    def _posted(self, job: Job, message: int, token: int | str) -> str:
        leads = keys.message(job.origin.chat, message)
        (word,) = self._run("posted", job.id, message, leads, self._keep, token)
        return str(word)

    def _move(self, job: Job, to: State, due: int | None = None, **fields: str | int) -> Job:
        return self._moved(job, to, due, **fields)[0]

    def _moved(
        self, job: Job, to: State, due: int | None = None, **fields: str | int
    ) -> tuple[Job, list[str]]:
        again = "" if due is None else due
        terms = ("", again, json.dumps(fields), self._keep, self._budgets)
        flat, others = self._finish(self._run("move", job.id, job.token, to, *terms), job.id)
        return model.from_flat(job.id, flat), others

    @staticmethod
    def _finish(answer: list[Any], job_id: str) -> list[Any]:
        word, *rest = answer
        if word in ("lost", "missing"):
            raise LeaseLost(f"job {job_id} is no longer ours ({word})")
        if word == "submitted":
            raise Submitted(rest[0])
        if word == "owned":
            raise PredictionOwned(f"the prediction of job {job_id} belongs to job {rest[0]}")
        if word == "illegal":
            raise IllegalMove(f"job {job_id} is {rest[0]}")
        return rest


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _reason(failure: Failure) -> dict[str, str]:
    flags = {"ours": failure.ours, "doubtful": failure.doubtful}
    return {"failure": failure, **{name: "1" if value else "0" for name, value in flags.items()}}
