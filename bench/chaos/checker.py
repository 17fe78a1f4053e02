"""The checker: compares the three histories of a run with the invariants I1 to I7 and I9."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.chaos.histories import Answers, Asked, Books, Chats, Message, Provider, text_of
from bench.chaos.money import misbilled, misbooked
from jobs import ids
from jobs.failures import GIFTS, GIFTS_WITHIN_MS, Failure
from jobs.model import Job
from jobs.states import ENDED, WAY, State
from sandbox.stack import Scene


@dataclass(frozen=True, slots=True)
class Breach:
    """An invariant that did not hold: what happened, and the id (or the prompt) of a job that shows it."""

    invariant: str
    what: str
    job: str = ""


@dataclass(slots=True)
class Verdict:
    """What the checker found.

    `jobs` counts the admitted requests; `refused` counts those that were refused with a reply and made no
    job. `left_over` are the status messages whose job ended in another message.
    """

    jobs: int = 0
    delivered: int = 0
    failed: int = 0
    cancelled: int = 0
    refused: int = 0
    lost: int = 0
    double_paid: int = 0
    duplicate_messages: int = 0
    wrong_recipient: int = 0
    unaccounted: int = 0
    left_over: list[Message] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)


class Checker:
    """Checks one run against the invariants."""

    def __init__(
        self, stack: Scene, asked: Sequence[Asked], chats: Chats, provider: Provider, books: Books
    ) -> None:
        self._stack = stack
        self._asked = {ids.from_message(stack.bot_id, each.chat, each.message): each for each in asked}
        self._chats = chats
        self._provider = provider
        self._books = books
        self.verdict = Verdict()

    def judge(self, unaccounted: Collection[int]) -> Verdict:
        """Check all invariants and return the verdict.

        Args:
            unaccounted: The values other than 0 that `jobs_unaccounted` had during the run.
        """
        for job_id, asked in self._asked.items():
            self._ends_once(job_id, asked, self._chats.get((asked.chat, asked.message), Answers()))
        self._no_strangers()
        self._paid_once()
        self._never_back()
        self._tokens()
        self._money()
        self.verdict.unaccounted = max(map(abs, [*unaccounted, self._books.unaccounted]))
        if self.verdict.unaccounted:
            self._breach("I7", f"jobs_unaccounted was {[*unaccounted, self._books.unaccounted]}")
        return self.verdict

    def story(self, job_id: str) -> str:
        """Return all that the three histories hold about a job."""
        asked, job = self._asked.get(job_id), self._books.jobs.get(job_id)
        life = self._books.replay.lives.get(job_id)
        lines = [f"job {job_id}", f"asked: {asked}", f"ledger: {job}"]
        if asked:
            lines += ["chat:", str(self._chats.get((asked.chat, asked.message), Answers()))]
            paid = [each for each in self._provider.submissions if each["prompt"] == asked.prompt]
            lines += ["provider:", *(f"  {each}" for each in paid)]
        lines += ["Redis:", *(f"  {at:.6f} {what}" for at, what in (life.log if life else ()))]
        return "\n".join(lines)

    def _breach(self, invariant: str, what: str, job_id: str = "") -> None:
        self.verdict.breaches.append(Breach(invariant, what, job_id))

    def _ends_once(self, job_id: str, asked: Asked, answers: Answers) -> None:
        """Check I1, I5 and I6 for one request."""
        job, verdict = self._books.jobs.get(job_id), self.verdict
        if job is None and answers.words and not (answers.results or answers.ends or answers.open):
            verdict.refused += 1
            return
        verdict.jobs += 1
        given = len(answers.results) + len(answers.ends)
        if given > 1:
            verdict.duplicate_messages += given - 1
            self._breach("I1", f"{given} ends in the chat", job_id)
        if job is None or job.state not in ENDED or not job.told:
            verdict.lost += 1
            self._breach("I1", f"the ledger has {job and job.state}", job_id)
            return
        verdict.delivered += job.state is State.DELIVERED
        verdict.failed += job.state is State.FAILED
        verdict.cancelled += job.state is State.CANCELLED
        owed = answers.results if job.state is State.DELIVERED else answers.ends
        if not owed and job.failure is not Failure.UNREACHABLE:
            verdict.lost += 1
            self._breach("I1", f"{job.state} in the ledger, and the chat was not given that", job_id)
        elif given == 1 and not owed:
            self._breach("I1", f"{job.state} in the ledger, and the chat has something else", job_id)
        verdict.left_over += answers.open
        for result in answers.results:
            self._rightful(job, asked, result)

    def _rightful(self, job: Job, asked: Asked, result: Message) -> None:
        """Check I6: caption and file of a result are those of the job, made for the request's prompt."""
        made = self._provider.predictions.get(job.prediction)
        kept = (Path(self._stack.settings.media_url) / job.artifact.key).read_bytes() if job.artifact else b""
        right = (
            text_of(result).partition("\n\n")[0] == asked.prompt
            and made is not None
            and made["input"]["prompt"] == asked.prompt
            and self._stack.telegram.file(result) == kept
        )
        if not right:
            self.verdict.wrong_recipient += 1
            self._breach("I6", f"{text_of(result)!r} in answer to {asked.prompt!r}", job.id)

    def _no_strangers(self) -> None:
        """Check I1 and I6: every result replies to its request, and every job has one."""
        requests = {(asked.chat, asked.message) for asked in self._asked.values()}
        for place, answers in self._chats.items():
            if place not in requests and answers.results:
                self.verdict.wrong_recipient += len(answers.results)
                self._breach("I6", f"results that answer nothing, in {place}:\n{answers}")
        for job_id in set(self._books.jobs) - set(self._asked):
            self._breach("I1", "a job that nobody asked for", job_id)

    def _paid_once(self) -> None:
        """Check I2: each job was paid for at most once, and nothing else was paid for."""
        paid = Counter(each["prompt"] for each in self._provider.submissions)
        for job_id, asked in self._asked.items():
            times = paid.pop(asked.prompt, 0)
            if times > 1:
                self.verdict.double_paid += times - 1
                self._breach("I2", f"paid {times} times", job_id)
            if times and job_id not in self._books.jobs:
                self._breach("I2", "paid for, and not in the ledger", job_id)
        owners = Counter(job.prediction for job in self._books.jobs.values() if job.prediction)
        for job in self._books.jobs.values():
            if owners[job.prediction] > 1:
                self._breach("I2", f"shares prediction {job.prediction} with another job", job.id)
        if paid:
            self._breach("I2", f"paid for what nobody asked for: {paid}")

    def _never_back(self) -> None:
        """Check I3: no state was entered before its predecessor, twice, or by a write without the lease."""
        entered: Counter[str] = Counter()
        for job in self._books.jobs.values():
            passed = [job.stamps[state] for state in (*WAY, job.state) if state in job.stamps]
            if passed != sorted(passed):
                self._breach("I3", f"the stamps have gone back: {job.stamps}", job.id)
            entered.update(state for state in State if state in job.stamps)
        counted: Counter[str] = Counter()
        for name, value in self._books.counts.items():
            group, _, rest = name.partition(":")
            if group == "jobs":
                counted[rest.partition(":")[0]] += value
        if entered != counted:
            self._breach("I3", f"states entered {entered}, moves counted {counted}")
        if entered != self._books.exported:
            self._breach("I7", f"states entered {entered}, exported {self._books.exported}")
        for job_id, life in self._books.replay.lives.items():
            for wrong in life.wrongs:
                self._breach("I3", wrong, job_id)

    def _tokens(self) -> None:
        """Check I4: each job took one token; only a failure of ours gives it back, and few paid ones do."""
        given_back = 0
        for job_id, record in self._books.records.items():
            job = self._books.jobs[job_id]
            back = record.get("token_taken") == "0"
            given_back += back
            if "token_taken" not in record:
                self._breach("I4", "no token was taken", job_id)
            elif back != (owed_back(job) if job.failure else back and job.state is State.CANCELLED):
                self._breach(
                    "I4", f"token_taken {record['token_taken']} of {job.state} {job.failure}", job_id
                )
        for user, gifts in gifts_within(self._books.jobs.values()).items():
            if gifts > GIFTS:
                self._breach("I4", f"user {user} got {gifts} tokens of paid jobs back within an hour")
        if given_back != self._books.counts.get("tokens_given_back", 0):
            self._breach("I4", f"{given_back} tokens back, counted {self._books.counts}")
        if self._books.counts.get("admissions:accepted", 0) != len(self._books.jobs):
            self._breach("I4", f"{len(self._books.jobs)} jobs, counted {self._books.counts}")

    def _money(self) -> None:
        """Check I9: the budgets equal what the jobs reserved and were billed, and nothing else was paid."""
        paid = [str(each["key"]) for each in self._provider.submissions]
        for wrong in misbooked(self._books.records, self._books.budgets):
            self._breach("I9", wrong)
        for wrong in misbilled(self._books.records, paid):
            self._breach("I9", wrong)


def owed_back(job: Job) -> bool:
    """Return whether a failed job's token must be given back: our fault, and not beyond the gifts."""
    return bool(job.failure and job.failure.ours and not job.counted)


def gifts_within(jobs: Iterable[Job]) -> Counter[int]:
    """Return for each user the most tokens that were given back for paid jobs within any hour."""
    given: dict[int, list[float]] = {}
    for job in jobs:
        if owed_back(job) and State.RUNNING in job.stamps:
            given.setdefault(job.origin.user, []).append(job.stamps[State.FAILED])
    hour_s = GIFTS_WITHIN_MS / 1000
    return Counter(
        {
            user: max(sum(1 for other in times if 0 <= at - other < hour_s) for at in times)
            for user, times in given.items()
        }
    )
