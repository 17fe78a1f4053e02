"""The three histories of a run, read independently: the chats, the provider's records, the ledger."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import redis
from prometheus_client.parser import text_string_to_metric_families

from bench.chaos.money import Budgets, Records
from bench.chaos.replay import Kill, Replay
from bench.chaos.witness import Witness, steps
from chat import status
from chat.texts import LANGUAGES, texts
from jobs.failures import Failure
from jobs.model import Job, from_record
from jobs.states import ACTIVE, ENDED, State
from ledger import keys
from ledger.scripts import Scripts
from sandbox.stack import Scene

Message = dict[str, Any]
_AGAIN = (["Again"], ["Ещё раз"])
_REASONS = frozenset(
    status.reason(failure, texts(language), counted=counted)
    for failure in Failure
    for language in LANGUAGES
    for counted in (True, False)
)
CANCEL = (["Cancel"], ["Отменить"])


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a user, as it appears in the private chat with the bot. Every prompt is asked once."""

    chat: int
    message: int
    prompt: str
    at: float


@dataclass(slots=True)
class Answers:
    """The bot's messages in reply to one request.

    `results` hold media, `ends` say that the job ended without a result, `open` are status messages with a
    Cancel button, `words` are all others (no job was made, for example).
    """

    results: list[Message] = field(default_factory=list)
    ends: list[Message] = field(default_factory=list)
    open: list[Message] = field(default_factory=list)
    words: list[Message] = field(default_factory=list)

    def add(self, message: Message) -> None:
        """Add a message to its list. A deleted message counts only if it held a result."""
        if message["media"]:
            self.results.append(message)
        elif not message["deleted"]:
            buttons = list(message["edits"][-1]["buttons"])
            end = is_end(text_of(message), buttons)
            kind = self.ends if end else self.open if buttons in CANCEL else self.words
            kind.append(message)

    def __str__(self) -> str:
        lines = [
            f"  {name} {message['message_id']}: {text_of(message)!r}"
            for name in ("results", "ends", "open", "words")
            for message in getattr(self, name)
        ]
        return "\n".join(lines) or "  nothing"


@dataclass(frozen=True, slots=True)
class Books:
    """What the ledger holds at the end of a run.

    Attributes:
        jobs: Job id -> the job.
        records: Job id -> the raw record.
        budgets: The budgets, by their keys.
        counts: The ledger's counters.
        unaccounted: The value of `jobs_unaccounted`.
        replay: The life of each job in Redis's MONITOR stream.
        exported: State -> the number of jobs that entered it, as the exporter reports.
    """

    jobs: Mapping[str, Job]
    records: Records
    budgets: Budgets
    counts: Mapping[str, int]
    unaccounted: int
    replay: Replay
    exported: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider's records: every paid submission, and the predictions by id."""

    submissions: list[dict[str, Any]]
    predictions: Mapping[str, Mapping[str, Any]]


Chats = dict[tuple[int, int], Answers]
"""(Chat, the message that is replied to or 0) -> the bot's messages."""


def is_end(text: str, buttons: Sequence[str]) -> bool:
    """Return whether a message says that a job ended without a result.

    Some of these messages have a button for another try; the others are recognized by their text.
    """
    return list(buttons) in _AGAIN or text in _REASONS


def text_of(message: Message) -> str:
    """Return the text or the caption of a message."""
    return str(message.get("text") or message.get("caption") or "")


def job_under(message: Message) -> str:
    """Return the id of the job that a message's buttons belong to; "" if it has none."""
    rows = (message.get("reply_markup") or {}).get("inline_keyboard") or [[{"callback_data": ":"}]]
    return str(rows[0][0]["callback_data"]).partition(":")[2].partition(":")[0]


def chats(stack: Scene, ids: Collection[int]) -> Chats:
    """Read the bot's messages in the chats."""
    found: Chats = defaultdict(Answers)
    for chat in ids:
        for message in stack.telegram.messages(chat):
            if message["from"]["is_bot"]:
                answered = (message.get("reply_to_message") or {}).get("message_id", 0)
                found[chat, answered].add(message)
    return found


def provider(stack: Scene) -> Provider:
    """Read the provider's submissions and predictions."""
    made = {each["id"]: each for each in stack.provider.predictions()}
    return Provider(stack.provider.submissions(), made)


def exported(url: str) -> Counter[str]:
    """Return the number of jobs that entered each state, from one scrape of the exporter."""
    families = text_string_to_metric_families(httpx.get(url, timeout=10).raise_for_status().text)
    entered: Counter[str] = Counter()
    for family in families:
        for sample in family.samples:
            if sample.name == "jobs_total":
                entered[sample.labels["status"]] += int(sample.value)
    return +entered


def replay(client: "redis.Redis", witness: Witness, kills: Iterable[Kill]) -> Replay:
    """Rebuild the jobs' lives from the recorded MONITOR stream."""
    names = {script.sha: name for name, script in Scripts(client)._scripts.items()}
    return Replay(steps(witness.path, names), kills)


def books(client: "redis.Redis", seen: Replay, exported: Mapping[str, int]) -> Books:
    """Read the ledger, and join it with the replay and the exporter's figures."""
    all_records, budgets = moment(client)
    counts: Any = client.hgetall(keys.counts())
    return Books(
        {job_id: from_record(job_id, record) for job_id, record in all_records.items()},
        all_records,
        budgets,
        {name: int(value) for name, value in counts.items()},
        unaccounted(client),
        seen,
        exported,
    )


def records(client: "redis.Redis") -> dict[str, dict[str, str]]:
    """Return all records of the ledger by job id."""
    prefix, found = keys.job(""), {}
    for key in client.scan_iter(f"{prefix}*", count=1000):
        record: Any = client.hgetall(key)
        if "state" in record:
            found[key.removeprefix(prefix)] = record
    return found


def moment(client: "redis.Redis") -> tuple[Records, Budgets]:
    """Return all records of the ledger and all budgets, read at one moment.

    Raises:
        RuntimeError: New jobs came during each of 50 attempts.
    """
    prefix = keys.job("")

    def there() -> list[str]:
        patterns = (keys.job("*"), keys.budget("*"))
        return sorted(key for pattern in patterns for key in client.scan_iter(pattern, count=1000))

    for _ in range(50):
        found = there()
        with client.pipeline(transaction=True) as pipe:
            for key in found:
                pipe.hgetall(key)
            read = dict(zip(found, pipe.execute(), strict=True))
        if there() == found:
            jobs = {key.removeprefix(prefix): one for key, one in read.items() if key.startswith(prefix)}
            budgets = {
                key: {name: int(value) for name, value in book.items()}
                for key, book in read.items()
                if not key.startswith(prefix)
            }
            return {job_id: record for job_id, record in jobs.items() if "state" in record}, budgets
    raise RuntimeError("new jobs came each time that the ledger was read")


def held(client: "redis.Redis") -> Counter[int]:
    """Return how many jobs each process holds now, by process id."""
    states = (State.CLAIMED, State.SUBMITTING, State.RUNNING, State.STORING, State.DELIVERING)
    return Counter(pid for pid, _ in _holders(client, states) if pid)


def giver(client: "redis.Redis", chat: int) -> int:
    """Return the id of the process that delivers a result to a chat now; 0 if none does."""
    return next((pid for pid, where in _holders(client, (State.DELIVERING,)) if where == chat), 0)


def _holders(client: "redis.Redis", states: Iterable[State]) -> list[tuple[int, int]]:
    """Return the process id (0: none) and the chat of every job in these states."""
    with client.pipeline(transaction=False) as pipe:
        for state in states:
            pipe.zrange(keys.in_state(state), 0, -1)
        ids = [job_id for found in pipe.execute() for job_id in found]
        for job_id in ids:
            pipe.hmget(keys.job(job_id), "owner", "chat")
        found = pipe.execute()
    return [(int(owner.split(":")[1]) if owner else 0, int(chat or 0)) for owner, chat in found]


def unaccounted(client: "redis.Redis") -> int:
    """Return `jobs_unaccounted`: accepted - delivered - failed - cancelled - active, read at one moment."""
    with client.pipeline(transaction=True) as pipe:
        pipe.hgetall(keys.counts())
        for state in sorted(ACTIVE):
            pipe.zcard(keys.in_state(state))
        counts, *active = pipe.execute()
    sums: dict[str, int] = defaultdict(int)
    for name, value in counts.items():
        group, _, rest = name.partition(":")
        if group == "jobs":
            sums[rest.partition(":")[0]] += int(value)
    return sums[State.ACCEPTED] - sum(sums[state] for state in ENDED) - sum(map(int, active))
