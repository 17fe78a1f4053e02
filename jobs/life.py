"""A job's whole life, as operators and admins look into it: its facts, its events, its parts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from jobs.model import Job
from jobs.states import ENDED, HELD, State

_NAMED = 5
_TAKEN = ("resumed", "telling")
_GIVEN_BACK = ("released", "put_off", "lapsed", "told", "unheard")


@dataclass(frozen=True, slots=True)
class Event:
    """`what` is a state that was entered, or one of: `posted` (the status message), `moved` (the chat has a
    new id), `resumed` and `telling` (claimed in the state in which it was), `released` and `put_off` (handed
    back), `lapsed` (its worker no longer renewed the lease), `unsent` (the paid call has surely not been
    taken), `adopted` (a webhook named the prediction), `cancel_wanted`, `told`, `unheard` (nobody could be
    told).

    `at`: Unix seconds. `who`: the worker process (`host:pid:number`), or `job:ID` for a job that this one
    shares or inherits from; "" where it was neither.
    """

    at: float
    what: str
    who: str = ""


def parse(entry: str) -> Event:
    """Read one event as it is written."""
    at, what, *who = entry.split(" ", 2)
    return Event(int(at) / 1000, what, who[0] if who else "")


def from_stamps(job: Job) -> list[Event]:
    """The states that a job has entered, each when it was entered last."""
    return sorted((Event(at, state) for state, at in job.stamps.items()), key=lambda event: event.at)


@dataclass(frozen=True, slots=True)
class LifePart:
    """From `start` to `end` (Unix seconds) the job was in `state`, held by the worker process `who` ("":
    by none)."""

    state: State
    who: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Row:
    """One event for the eye: clock time (UTC), seconds since the first event, what, and by whom."""

    clock: str
    since: str
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class Life:
    """`events` are a job's, oldest first (ledger.trail); `now` (Unix seconds) ends what has not ended."""

    job: Job
    events: Sequence[Event]
    now: float

    @property
    def workers(self) -> list[str]:
        """The processes that held it, in the order in which they came."""
        named = (event.who for event in self.events if not event.who.startswith("job:"))
        return list(dict.fromkeys(who for who in named if who))

    @property
    def attempts(self) -> int:
        """How often the paid call was begun; all but the last surely did not reach the provider."""
        return sum(event.what == State.SUBMITTING for event in self.events)

    def parts(self) -> list[LifePart]:
        """Its time without gaps, cut where state or holder changed; the end of a job takes no time unless
        the chat still had to be told of it."""
        parts: list[LifePart] = []
        state, who, start = State.ACCEPTED, "", self.events[0].at
        for event in self.events:
            entered = State(event.what) if event.what in set(State) else state
            holder = _holder(event, entered, who)
            if (entered, holder) != (state, who):
                parts.append(LifePart(state, who, start, event.at))
                state, who, start = entered, holder, event.at
        over = state is State.DELIVERED or (state in ENDED and self.job.told)
        parts.append(LifePart(state, who, start, start if over else self.now))
        return [part for part in parts if part.end > part.start]

    def rows(self) -> list[Row]:
        """All events."""
        start = self.events[0].at
        return [
            Row(_clock(event.at), f"+{event.at - start:.3f} s", event.what, event.who)
            for event in self.events
        ]

    def facts(self, *, prompt: bool = False) -> list[tuple[str, str]]:
        """What the ledger holds, each with its name; the words that were asked for only with `prompt`."""
        job = self.job
        failure = f" ({job.failure})" if job.failure else ""
        facts = [
            ("job", job.id),
            ("state", f"{job.state}{failure}{'' if job.told or job.state not in ENDED else ', not told'}"),
            ("asked for", f"{job.request.kind} by {job.request.model}"),
            ("lane", f"{job.lane} ({job.tier})"),
            ("user", str(job.origin.user)),
            ("chat", f"{job.origin.chat}, request {job.origin.reply_to}, answer {job.message or 'none yet'}"),
            ("prediction", job.prediction or "none"),
            ("paid calls", f"{self.attempts} begun{', the last one not taken' if job.unsent else ''}"),
            ("polls", str(job.polls)),
            ("workers", _some(self.workers)),
            ("crashes", str(job.crashes)),
        ]
        if job.cached:
            facts.append(("cache", "the result was there already"))
        if job.artifact:
            facts.append(("file", f"{job.artifact.key}, {job.artifact.mime}, {job.artifact.size} bytes"))
        if prompt:
            facts.append(("prompt", job.request.prompt))
        return facts


def _holder(event: Event, state: State, who: str) -> str:
    if event.what in _GIVEN_BACK:
        return ""
    if event.what in _TAKEN:
        return event.who
    if event.what in set(State):
        taken = event.who if not event.who.startswith("job:") else ""
        return taken or (who if state in HELD else "")
    return who


def _some(workers: Sequence[str]) -> str:
    earlier = f"{len(workers) - _NAMED} earlier ones, " if len(workers) > _NAMED else ""
    return earlier + ", ".join(workers[-_NAMED:]) or "none"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]
