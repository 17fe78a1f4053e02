"""The product with every process behind a proxy of its own: any link can break while the others hold."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import redis
from acceptance.person import Message, Person, answers, eventually
from celery import Celery

from jobs.model import Job, Lane
from jobs.states import State
from ledger import keys
from ledger.connection import connect
from sandbox.processes import Program
from sandbox.stack import Stack

from .invariants import assert_invariants
from .proxy import Proxy
from .stage import PROVIDER, QUICK, calm
from .trap import Trap

WORKER = "celery -A tasks worker -Q {lanes} -n {name}@%h --without-gossip --without-mingle"
LINES = {
    "bot": "python -m bot",
    "first": WORKER.format(lanes="img", name="first"),
    "second": WORKER.format(lanes="img,deliver", name="second"),
    "deliver": WORKER.format(lanes="deliver", name="deliver"),
}
MAKERS = ("first", "second")
GIVERS = ("second", "deliver")
AWAY = "I cannot reach my job book at the moment. Please try again in a minute."
"""What the bot says while it has no Redis."""


class House:
    """`stack` is what the processes (by name: see LINES) live in. `redis` has the proxy between each process
    and Redis, `provider` is the one between all processes and the provider; the tests' own clients
    (`stack.ledger`, `client`) take no proxy."""

    def __init__(self, stack: Stack, links: Mapping[str, Proxy], provider: Proxy) -> None:
        self.stack = stack
        self.redis = links
        self.provider = provider
        self.client: redis.Redis = connect(stack.settings.ledger_redis())
        self._people: list[Person] = []
        self._app = Celery(broker=stack.settings.redis_url, set_as_current=False)

    def person(self, name: str = "Ann") -> Person:
        """Somebody new, whose chat `check` looks at."""
        self._people.append(Person(self.stack, name))
        return self._people[-1]

    def people(self, count: int) -> list[Person]:
        """So many new ones."""
        return [self.person(f"Ann {number}") for number in range(count)]

    def check(self, **how: Any) -> list[Job]:
        """Wait for the end of all that this test's people have asked for, and check the invariants on it."""
        return assert_invariants(self.stack, [each.id for each in self._people], **how)

    def program(self, name: str) -> Program:
        """A process by its name; `redis` is one too."""
        return self.stack.programs[name]

    def kill(self, *names: str) -> None:
        """SIGKILL to all of them at once."""
        with ThreadPoolExecutor(len(names)) as killing:
            list(killing.map(lambda name: self.program(name).kill(), names))

    def start(self, *names: str) -> None:
        """Start those of them that do not run, side by side; returns when all are ready."""
        ended = [name for name in names if not self.program(name).alive]
        if ended:
            with ThreadPoolExecutor(len(ended)) as starting:
                list(starting.map(lambda name: self.program(name).start(), ended))

    def heal(self) -> None:
        """Mend all links, call off all faults, and have every process run again."""
        for proxy in (*self.redis.values(), self.provider):
            proxy.heal()
        calm(self.stack)
        self._people.clear()
        self.start("redis")
        for name in self.redis:
            if self.program(name).alive:
                self.program(name).continue_()
        self.start(*self.redis)

    def name_of(self, proxy: Proxy) -> str:
        """The process whose link to Redis this is."""
        return next(name for name, link in self.redis.items() if link is proxy)

    def set(self, trap: Trap, names: Iterable[str]) -> Trap:
        """Put one trap up on the links of these processes to Redis."""
        for name in names:
            self.redis[name].set(trap)
        return trap

    def holder(self, job: Job) -> str:
        """The worker that has the job's lease: its process id is in the owner's name."""
        pid = int(job.owner.split(":")[1])
        return next(name for name in self.redis if self.program(name).alive and self.program(name).pid == pid)

    def running(self, person: Person, prompt: str) -> tuple[Message, Job]:
        """A job that the provider works on until it is released, and that some worker polls."""
        self.stack.provider.hold()
        shown = person.ask(f"/image {prompt}")
        job = person.job_when(shown, lambda job: job.state is State.RUNNING and job.owner)
        eventually(lambda: person.prediction(prompt)["gets"] > 1)
        return shown, job

    def taken_over(self, job: Job) -> Job:
        """The job once another lease than this one holds it."""

        def look() -> Job | None:
            now = self.stack.ledger.get(job.id)
            return now if now and now.owner not in ("", job.owner) else None

        return eventually(look)

    def job_when(self, job_id: str, what: Callable[[Job], object]) -> Job:
        """The ledger's record of a job, once it is as described."""
        return eventually(lambda: found if (found := self.stack.ledger.get(job_id)) and what(found) else None)

    def publish(self, task: str, job: Job, times: int) -> None:
        """Put messages for a job on the broker, all at once."""
        lane = Lane.DELIVER if task == "deliver" else job.lane
        together = threading.Barrier(times)

        def put(number: int) -> None:
            together.wait(10)
            self.send(task, [job.id], lane, f"{job.id}-{number}")

        with ThreadPoolExecutor(times) as putting:
            list(putting.map(put, range(times)))

    def send(self, task: str, arguments: list[str], lane: Lane, task_id: str | None = None) -> None:
        """Put one message on the broker, whatever it says."""
        self._app.send_task(task, args=arguments, task_id=task_id, queue=lane)

    def done(self, task: str, job: Job, names: Iterable[str]) -> int:
        """How many messages for a job these workers have been through with."""
        lines = [line for name in names for line in self.program(name).log_text.splitlines()]
        return sum(f"Task {task}[{job.id}" in line and "succeeded" in line for line in lines)

    def count(self, name: str) -> int:
        """One of the ledger's counters."""
        found: Any = self.client.hget(keys.counts(), name)
        return int(found or 0)

    def said(self, name: str, *words: str) -> None:
        """Wait until one line of a process's log has all these words."""
        program = self.program(name)
        eventually(lambda: any(all(word in line for word in words) for line in program.log_text.splitlines()))


@contextmanager
def built(
    lines: Mapping[str, str] = LINES,
    settings: Mapping[str, str] | None = None,
    provider: Sequence[str] = (),
) -> Iterator[House]:
    """A house of these processes (name -> command), its settings laid over QUICK."""
    with ExitStack() as open_:
        # Tests fill its Redis: they set `maxmemory`.
        stack = Stack((), QUICK | dict(settings or {}), (*PROVIDER, *provider), redis_commands=("CONFIG",))
        open_.enter_context(stack)
        stack.telegram.limits(enabled=False)
        stack.provider.settings(others_per_min=1_000_000)
        to_provider = open_.enter_context(Proxy(_port(stack.provider.base_url)))
        links = {}
        for name, line in lines.items():
            links[name] = open_.enter_context(Proxy(_port(stack.settings.redis_url)))
            addresses = (
                f"REDIS_URL={_through(links[name].port, stack.settings.redis_url)} "
                f"REPLICATE_API_URL=http://127.0.0.1:{to_provider.port}/v1"
            )
            stack.add(name, f"env {addresses} {line}")
        house = House(stack, links, to_provider)
        open_.callback(house.client.close)
        # Before the proxies are gone, and without the good manners that are tested elsewhere.
        open_.callback(house.kill, *links)
        house.start(*links)
        yield house


def answers_to(person: Person, said: Message) -> list[Message]:
    """What the bot has answered to a person's message."""
    return [each for each in person.told() if answers(said)(each)]


def _through(port: int, url: str) -> str:
    """The same Redis at the port of a proxy, with its password."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port
