"""The ledger: the truth about every job, kept in Redis.

Every change is one Lua script that checks the present state and the lease's token, stamps the time and
counts the change in the same step; nothing else writes a job. All methods raise LedgerUnavailable when
Redis does not answer.
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
"""Jobs that a user's history keeps."""


class Stage(StrEnum):
    """What a worker claims a job for."""

    GENERATE = "generate"
    DELIVER = "deliver"


class Way(StrEnum):
    """How a chat was given its result."""

    EDIT = "edit"  # its status message became the result
    FALLBACK = "fallback"  # a message of its own, as the status message was gone
    LINK = "link"  # a link, as the file was too large


class Unheard(StrEnum):
    """Why nobody was told how a job ended."""

    GONE = "gone"  # there is nobody: the bot was blocked, or the chat is gone
    REFUSED = "refused"  # the chat is there, and does not take even words
    LATE = "late"  # Telegram was in trouble for too long
    BROKEN = "broken"  # an error of ours, each time


class Anew(StrEnum):
    """Whether a new message may be sent for the end of a job."""

    SEND = "send"  # once, by who is told so
    SENT = "sent"  # as many as may be have been sent, or may have been
    WAIT = "wait"  # the status message may be on its way at this moment
    APPEARED = "appeared"  # there is a status message after all


class Cancellation(StrEnum):
    """What became of the wish to cancel."""

    CANCELLED = "cancelled"  # it was waiting, and has ended
    CANCELLING = "cancelling"  # a slot was told and will end it
    LATE = "late"  # the result is there already
    ENDED = "ended"
    FOREIGN = "foreign"  # somebody else's job
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a renewal found: jobs that are no longer held, jobs whose owner wants them cancelled, and jobs
    that there is news of."""

    lost: frozenset[str]
    cancelled: frozenset[str]
    news: frozenset[str] = frozenset()


class Ledger:
    """See the module. One per process; safe to share between threads. `due` is the sweep's side of it, and
    `clock` goes by the latest claim."""

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

    # A job's way, in the order in which things happen.

    def published(self, job_id: str) -> None:
        """The job's message is on the broker. Nothing changes where a worker was quicker than this call."""
        self._run("move", job_id, "", State.QUEUED, State.ACCEPTED, self._requeue, "{}", self._keep)

    def claim(self, job_id: str, owner: str, stage: Stage, *, turn: bool = False) -> Job | None:
        """Take the job's lease for this stage; None when it is taken, has ended or is at another stage.

        Also None when one more crash would fail it, and this process has another job that stands so; and when
        its record cannot be read: it is handed back then, and the sweep counts it.
        `turn`: unless this very job is to be gone on with, take the one whose turn it is in its lane.
        """
        # The client repeats a call whose answer was lost; by the name of the call it gets the same job again.
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
        """Write down that the paid call is about to be made, and what it asks for; no other worker makes it
        after this. `price_usd` is what it costs by now, where that may have changed since the admission.

        Raises Submitted where news came of an earlier call, which was thought not to have been taken.
        """
        fields: dict[str, Any] = {} if order is None else {"order": model.order_field(order)}
        if price_usd is not None:
            fields["price"] = f"{price_usd:.6f}"
        if job.state is State.SUBMITTING:
            self.note(job, unsent="", **fields)
            return replace(job, unsent=False, order=order or job.order)
        return self._move(job, State.SUBMITTING, **fields)

    def unsent(self, job: Job) -> Job:
        """The provider has surely not taken the paid call (it was throttled, or refused the connection)."""
        self.note(job, unsent="1")
        return replace(job, unsent=True)

    def unknown(self, job: Job) -> Job:
        """The paid call's outcome is unknown: its job is looked for, and the webhook may bring news of it."""
        return self._move(job, State.UNKNOWN, due=self._unpublished)

    def running(self, job: Job, prediction: str) -> Job:
        """The provider has the job under this id. Raises PredictionOwned where another job has it."""
        return self._move(job, State.RUNNING, prediction=prediction)

    def adopt(self, job_id: str, prediction: str) -> bool:
        """A submission of unknown outcome is known after all; True when that was news, and the prediction is
        no other job's.

        Needs no lease: only the one submission of this job can have this news.
        """
        return bool(self._run("adopt", job_id, prediction))

    def storing(self, job: Job, completed: float | None = None) -> Job:
        """The prediction succeeded, by the provider's clock at `completed` (Unix seconds); its output is
        being fetched."""
        at = {} if completed is None else {"completed": _ms(completed)}
        return self._move(job, State.STORING, progress=100, polls=job.polls, **at)

    def stored(self, job: Job, artifact: Artifact) -> tuple[Job, list[str]]:
        """The artifact is kept; the chat is owed it. Also answers the ids of the jobs that share it."""
        fields = model.artifact_fields(artifact)
        return self._moved(job, State.STORED, due=self._unpublished, **fields)

    def delivered(self, job: Job, file_id: str, way: Way = Way.EDIT) -> Job:
        """The chat has the result; `file_id` is Telegram's name for it."""
        return self._move(job, State.DELIVERED, file_id=file_id, way=way)

    def failed(self, job: Job, failure: Failure) -> tuple[Job, list[str]]:
        """The job ends without a result; the chat is owed the reason. Needs the job's lease.

        Also answers the ids of the jobs that share the failure.
        """
        return self._moved(job, State.FAILED, due=self._unpublished, polls=job.polls, **_reason(failure))

    def cancelled(self, job: Job) -> tuple[Job, list[str]]:
        """The job ends because its owner wanted it to. Needs the job's lease.

        Also answers the job (none or one) that shared this one and took its place, prediction and all: then
        nothing is to be cancelled at the provider.
        """
        return self._moved(job, State.CANCELLED, due=self._unpublished)

    def told(self, job: Job, unheard: Unheard | None = None) -> None:
        """The chat was told how a failed or cancelled job ended, or never will be; nothing is owed now."""
        self._finish(self._run("told", job.id, job.token, self._keep, unheard or ""), job.id)

    # Beside the way.

    def cancel(self, job_id: str, user: int) -> tuple[Cancellation, str]:
        """The wish of a user to end a job; only the job's own user may.

        Also answers the id of the job that shared this one and took its place, to be published ("").
        """
        outcome, heir = self._run("cancel", job_id, user, self._unpublished, self._budgets)
        return Cancellation(outcome), heir

    def wake(self, job_id: str) -> bool:
        """Have the slot that holds the job look at it now, in whatever process; False where none heard it:
        then it does so with the next renewal of its lease."""
        return bool(self._run("wake", job_id))

    def release(self, job: Job, again_in_s: float = 0.0) -> None:
        """Hand a held job back as it is; after that time the sweep publishes it, if nobody did before."""
        self._finish(self._run("release", job.id, job.token, _ms(again_in_s)), job.id)

    def note(self, job: Job, **fields: str | int) -> None:
        """Write fields of a held job without moving it (its progress, its message)."""
        self._finish(self._run("note", job.id, job.token, json.dumps(fields)), job.id)

    def hindered(self, job: Job, *, error: bool = False) -> tuple[float, int]:
        """A held job cannot go on for the moment; the `error` is one of ours.

        Answers for how many seconds that has been so in the job's present state, from its first time on by
        the ledger's clock, and how many errors of ours there were in it.
        """
        terms = self._finish(self._run("hindered", job.id, job.token, int(error)), job.id)
        return terms[0] / 1000, terms[1]

    def posted(self, job: Job, message: int) -> bool:
        """Tie a status message to its job. Needs no lease: it is posted once (see `once`).

        False where it came too late, and is to be taken back: the chat has the job's end, or may be sent it
        at this moment, or the job is no longer known.
        """
        return self._posted(job, message, "") == "posted"

    def sent_anew(self, job: Job, message: int) -> None:
        """A new message was sent for the held job's end: from now on that is the one that it lives in."""
        self._finish([self._posted(job, message, job.token)], job.id)

    def anew(self, job: Job, caller: str, posting_s: float, marks: Sequence[str]) -> tuple[Anew, str]:
        """Return whether a new message may be sent for the held job's end, and the one of `marks` that it
        has; a later `again` with that mark says that it surely was not sent.

        Args:
            caller: may ask again with the same name, as in `once`.
            posting_s: so long after its mark was taken a status message may still appear.
            marks: one message may be sent for each.
        """
        answer, mark = self._run("anew", job.id, job.token, caller, job.message, _ms(posting_s), *marks)
        if answer == "lost":
            raise LeaseLost(f"job {job.id} is no longer ours")
        return Anew(answer), mark

    def by_message(self, chat: int, message: int) -> Job | None:
        """The job that lives in this chat message, None where it is not one of ours (or no longer kept)."""
        with ledger_errors():
            job_id: Any = self._redis.get(keys.message(chat, message))
        return self.get(job_id) if job_id else None

    def once(self, job_id: str, mark: str, caller: str = "") -> bool:
        """True for the first caller with this mark, False for all later ones: for unrepeatable sends.

        The same `caller` may ask again, as it must where the first answer was lost with the connection.
        """
        return bool(self._run("once", job_id, mark, caller or uuid.uuid4().hex))

    def again(self, job_id: str, mark: str) -> None:
        """Take back a mark of `once`: what it was taken for has surely not been done."""
        key, field = keys.job(job_id), f"once:{mark}"
        confirmed(self._redis, self._replicas, lambda pipe: pipe.hdel(key, field))

    def get(self, job_id: str) -> Job | None:
        """The job as it is now; None where there is none (or no longer), or this release cannot read it."""
        with ledger_errors():
            record: Any = self._redis.hgetall(keys.job(job_id))
        try:
            return model.from_record(job_id, record) if "state" in record else None
        except UnreadableRecord:
            return None

    def now(self) -> float:
        """The ledger's time (Unix seconds), which all stamps of jobs are of; asked for where no claim has
        told it yet."""
        if not self.clock.known:
            with ledger_errors():
                self.clock.learn(clock.ask(self._redis))
        return self.clock.now()

    def ping(self) -> None:
        """Return if the ledger answers."""
        with ledger_errors():
            self._redis.ping()

    def owned(self, predictions: Sequence[str], but: str) -> frozenset[str]:
        """Which of these predictions belong to other jobs than `but`."""
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
        """The jobs whose paid call may be on its way at this moment."""
        with ledger_errors():
            found: Any = self._redis.zrange(keys.in_state(State.SUBMITTING), 0, -1)
        jobs = (self.get(job_id) for job_id in found)
        return [job for job in jobs if job and job.state is State.SUBMITTING and not job.unsent]

    def followers(self, job_id: str) -> list[str]:
        """Ids of the jobs that share this one's result, in the order of their admission."""
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
