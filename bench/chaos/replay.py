"""The jobs' lives rebuilt from the MONITOR stream: who held which job when, and which writes had no lease."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.chaos.witness import Step
from jobs.states import ENDED, WAY, State
from ledger import keys

FENCED = frozenset({"move", "note", "release", "told"})
"""Scripts whose first arguments are the job's id and the lease's token ("": no token needed)."""
_JOB = keys.job("")


@dataclass(slots=True)
class Life:
    """The life of one job.

    `token` is None if it is unknown (Redis was killed since it was last seen). `claims` are the times and the
    new holders of its leases, `wrongs` the violations of I3.
    """

    state: str = ""
    owner: str = ""
    token: int | None = None
    claims: list[tuple[float, str]] = field(default_factory=list)
    log: list[tuple[float, str]] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Recovery:
    """A job that a killed process held: `seconds` from the SIGKILL to the claim by another process."""

    kill: "Kill"
    job: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Kill:
    """A SIGKILL: the process's name, the time (Unix seconds), and the process id."""

    name: str
    at: float
    pid: int


class Replay:
    """Rebuilds the jobs' lives (`lives`, by job id) and the recoveries of jobs that a killed process held."""

    def __init__(self, steps: Iterable[Step | None], kills: Iterable[Kill]) -> None:
        self.lives: dict[str, Life] = {}
        self.recovery: list[Recovery] = []
        self._kills = sorted(kills, key=lambda kill: kill.at)
        self._bereft: dict[str, tuple[Kill, str]] = {}
        for step in steps:
            if step is None:
                for life in self.lives.values():
                    life.token = None
                continue
            while self._kills and self._kills[0].at < step.at:
                self._die(self._kills.pop(0))
            self._apply(step)

    def _die(self, kill: Kill) -> None:
        for job_id, life in self.lives.items():
            if life.owner.split(":")[1:2] == [str(kill.pid)]:
                self._bereft[job_id] = (kill, life.owner)

    def _apply(self, step: Step) -> None:
        if step.script == "renew":
            self._check_renewal(step)
        elif step.script in FENCED and step.args[1] and any(_of(step.args[0], each) for each in step.writes):
            self._check(step.args[0], step.args[1], step)
        for command, key, *rest in step.writes:
            if key.startswith(_JOB):
                self._write(key.removeprefix(_JOB), command.upper(), rest, step)

    def _check_renewal(self, step: Step) -> None:
        tokens = dict(zip(step.args[1::2], step.args[2::2], strict=False))
        for write in step.writes:
            if write[-1] in tokens:
                self._check(write[-1], tokens[write[-1]], step)

    def _check(self, job_id: str, token: str, step: Step) -> None:
        life = self.lives.setdefault(job_id, Life())
        if life.token is None:
            life.token = int(token)
        elif life.token != int(token):
            life.wrongs.append(f"{step.script} with token {token}, which was {life.token} by then")

    def _write(self, job_id: str, command: str, rest: list[str], step: Step) -> None:
        life = self.lives.setdefault(job_id, Life())
        by = step.script or command.lower()
        if command == "HINCRBY" and rest[0] == "token" and life.token is not None:
            life.token += int(rest[1])
        if command in ("HSET", "HSETNX"):
            for name, value in zip(rest[::2], rest[1::2], strict=False):
                self._set(job_id, life, (name, value), step)
        if command != "EXPIRE":
            life.log.append(
                (step.at, f"{by}{list(step.args[1:2]) if by in FENCED else ''}: {' '.join(rest)}")
            )

    def _set(self, job_id: str, life: Life, what: tuple[str, str], step: Step) -> None:
        name, value = what
        if name == "state":
            if life.state and _rank(value) <= _rank(life.state):
                life.wrongs.append(f"from {life.state} back to {value}")
            life.state = value
            if step.script == "admit" and value == State.ACCEPTED:
                life.token = 0
        elif name == "owner":
            life.owner = value
            if value:
                life.claims.append((step.at, value))
                died = self._bereft.get(job_id)
                if died and died[1] != value:
                    self.recovery.append(Recovery(died[0], job_id, step.at - died[0].at))
                    del self._bereft[job_id]


def _rank(state: str) -> int:
    return len(WAY) if state in ENDED else WAY.index(State(state))


def _of(job_id: str, write: tuple[str, ...]) -> bool:
    return write[1] == keys.job(job_id) or write[-1] == job_id
