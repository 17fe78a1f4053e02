"""The history of a job, as operators and admins see it: its facts, its events, its parts. Pure."""

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
    """One event of a job.

    Attributes:
        at: The time (Unix seconds).
        what: A state that was entered, or one of: `posted` (the status message), `moved` (the chat has a new
            id), `resumed` and `telling` (claimed without a change of state), `released` and `put_off` (handed
            back), `lapsed` (the lease expired), `unsent` (the provider has surely not taken the paid call),
            `adopted` (a webhook named the prediction), `cancel_wanted`, `told`, `unheard` (the chat could not
            be told).
        who: The worker process (`host:pid:number`), or `job:ID` for a job that this one shares or inherits
            from; "" where it was neither.
    """

    at: float
    what: str
    who: str = ""


def parse(entry: str) -> Event:
    """Read one event as the ledger writes it: time (ms), event, actor."""
    at, what, *who = entry.split(" ", 2)
    return Event(int(at) / 1000, what, who[0] if who else "")


def from_stamps(job: Job) -> list[Event]:
    """Return the states that a job has entered as events, each with the time at which it was entered last."""
    return sorted((Event(at, state) for state, at in job.stamps.items()), key=lambda event: event.at)


@dataclass(frozen=True, slots=True)
class LifePart:
    """A part of a job's time, in one state and with one holder.

    Attributes:
        state: The state that the job was in.
        who: The worker process that held the job; "" for none.
        start: Unix seconds, as is `end`.
    """

    state: State
    who: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Row:
    """One event for display: clock time (UTC), seconds since the first event, event, and actor."""

    clock: str
    since: str
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class Life:
    """The history of one job.

    Attributes:
        events: The events of the job, oldest first (see `ledger.trail`).
        now: The time (Unix seconds) up to which a job that has not ended is shown.
    """

    job: Job
    events: Sequence[Event]
    now: float

    @property
    def workers(self) -> list[str]:
        """The processes that held the job, in the order in which they first did."""
        named = (event.who for event in self.events if not event.who.startswith("job:"))
        return list(dict.fromkeys(who for who in named if who))

    @property
    def attempts(self) -> int:
        """How often the paid call was begun. All calls but the last surely did not reach the provider."""
        return sum(event.what == State.SUBMITTING for event in self.events)

    def parts(self) -> list[LifePart]:
        """Return the job's time without gaps, cut where the state or the holder changed.

        The final state takes no time, except while the chat still had to be told.
        """
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
        """Return all events for display."""
        start = self.events[0].at
        return [
            Row(_clock(event.at), f"+{event.at - start:.3f} s", event.what, event.who)
            for event in self.events
        ]

    def facts(self, *, prompt: bool = False) -> list[tuple[str, str]]:
        """Return the facts of the job as pairs of name and text; the person's prompt only with `prompt`."""
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
