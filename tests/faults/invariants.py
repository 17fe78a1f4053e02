"""The invariants, held against three histories: what is in the chats, at the provider, and in the ledger."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from acceptance.person import Message, buttons_of, text_of

from bench.chaos.histories import is_end, moment
from bench.chaos.money import misbilled, misbooked
from config.redis_urls import RedisPlace
from jobs.failures import Failure
from jobs.model import Job, Lane, from_record
from jobs.states import ACTIVE, ENDED, WAY, State
from ledger import clock, keys
from ledger.connection import connect
from sandbox.stack import Scene

INHERITED = (State.RUNNING, True)
_SETTLED_S = 30.0
_CANCEL = (["Cancel"], ["Отменить"])


def assert_invariants(
    stack: Scene, chats: Collection[int] = (), *, within_s: float = _SETTLED_S, orphans: int = 0
) -> list[Job]:
    """Wait until every job of these chats (default: of all) has ended and its chat was told; then hold the
    three histories against each other. Answers the jobs, oldest first.

    `orphans`: so many status messages may be left over, because the bot was cut off between posting and
    noting one.
    """
    with connect(stack.settings.ledger_redis()) as client:
        found = _settled(client, chats, within_s)
        assert unaccounted(client) == 0, "I7: accepted = delivered + failed + cancelled + active"
        _check_ledger(client, found)
    _check_provider(stack, found)
    left_over = sum(
        _check_chat(stack, chat, [job for job in found if job.origin.chat == chat])
        for chat in sorted({job.origin.chat for job in found} | set(chats))
    )
    assert left_over <= orphans, f"{left_over} status messages of jobs that have ended"
    _check_money(stack, found)
    return found


def unaccounted(client: "redis.Redis") -> int:
    """`jobs_unaccounted`: accepted - delivered - failed - cancelled - active, all read at one moment."""
    with client.pipeline(transaction=True) as pipe:
        pipe.hgetall(keys.counts())
        for state in sorted(ACTIVE):
            pipe.zcard(keys.in_state(state))
        counts, *active = pipe.execute()
    sums: Counter[str] = Counter()
    for name, value in counts.items():
        group, _, rest = name.partition(":")
        if group == "jobs":
            sums[rest.partition(":")[0]] += int(value)
    return sums[State.ACCEPTED] - sum(sums[state] for state in ENDED) - sum(map(int, active))


@contextmanager
def accounted(place: RedisPlace | str, period_s: float = 0.05) -> Iterator[None]:
    """Look at `jobs_unaccounted` all the time, and fail where it ever was not 0. Redis may come and go."""
    stop = threading.Event()
    wrong: list[int] = []

    def look() -> None:
        with connect(place) as client:
            while not stop.wait(period_s):
                try:
                    wrong.extend(value for value in [unaccounted(client)] if value)
                except redis.RedisError:
                    continue

    thread = threading.Thread(target=look, name="accountant", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(15)
    assert not wrong, f"I7: jobs_unaccounted was {wrong}"


def _settled(client: "redis.Redis", chats: Collection[int], within_s: float) -> list[Job]:
    deadline = time.monotonic() + within_s
    while True:
        found = _jobs(client, chats)
        under_way = [job for job in found if job.state not in ENDED or not job.told]
        if not under_way:
            return sorted(found, key=lambda job: job.stamps["accepted"])
        shown = "\n".join(map(str, under_way))
        assert time.monotonic() < deadline, f"I1: these have not ended within {within_s:g} s:\n{shown}"
        time.sleep(0.05)


def _jobs(client: "redis.Redis", chats: Collection[int]) -> list[Job]:
    prefix, found = keys.job(""), []
    for key in client.scan_iter(f"{prefix}*", count=1000):
        record: Any = client.hgetall(key)
        if "state" in record:
            found.append(from_record(key.removeprefix(prefix), record))
    return [job for job in found if not chats or job.origin.chat in chats]


def _check_ledger(client: "redis.Redis", found: list[Job]) -> None:
    """No index holds an ended job, and no state was entered before the one in front of it."""
    indexes = [keys.due(), *map(keys.in_state, ACTIVE), *map(keys.waiting, Lane)]
    indexes += [keys.active_of(user) for user in {job.origin.user for job in found}]
    for index in indexes:
        members: Any = client.zrange(index, 0, -1)
        assert not {job.id for job in found} & set(members), f"{index} still has jobs that have ended"
    for job in found:
        # Who takes the place of a job that it shared is running since that one's submission.
        own = [state for state in (*WAY, job.state) if (state, State.SHARING in job.stamps) != INHERITED]
        passed = [job.stamps[state] for state in own if state in job.stamps]
        assert passed == sorted(passed), f"I3: {job.id} has gone back: {job.stamps}"
        assert client.get(keys.inflight(job.digest)) != job.id, f"{job.id} is still shared"


def _check_money(stack: Scene, found: list[Job]) -> None:
    """I9: the budgets' books are what the jobs have reserved and were billed; who has ended has nothing
    reserved; and each submission was billed to its job."""
    with connect(stack.settings.ledger_redis()) as client:
        records, budgets = moment(client)
        wrong = misbooked(records, budgets, clock.ask(client))
    of_these = {job.id: records[job.id] for job in found}
    wrong += misbilled(of_these, [each["key"] for each in stack.provider.submissions()])
    assert not wrong, "I9: " + "\n".join(wrong)


def _check_provider(stack: Scene, found: list[Job]) -> None:
    """I2: each job was paid for at most once, and each has what was made for its own words."""
    asked = Counter(job.request.prompt for job in found)
    ids = {job.id for job in found}
    paid = Counter(
        each["key"] for each in stack.provider.submissions() if each["key"] in asked or each["key"] in ids
    )
    # The key is the job where a webhook names it, and else the prompt.
    twice = {key: times for key, times in paid.items() if times > asked.get(key, 1)}
    assert not twice, f"I2: paid more than once: {twice}"
    made = {each["id"]: each for each in stack.provider.predictions()}
    # A cancelled job may have left its prediction to one that shared it.
    owners = Counter(job.prediction for job in found if job.prediction and job.state is not State.CANCELLED)
    assert not [each for each, owned in owners.items() if owned > 1], f"one prediction, two jobs: {owners}"
    for job in found:
        if job.prediction:
            assert made[job.prediction]["input"]["prompt"] == job.request.prompt, f"I6: {job}"


def _check_chat(stack: Scene, chat: int, found: list[Job]) -> int:
    """I1 and I6 in one chat: as many results and ends as jobs have them, each in answer to its own request.

    Answers how many status messages were left over.
    """
    asked: dict[int, list[Job]] = defaultdict(list)
    for job in found:
        asked[job.origin.reply_to].append(job)
    answers: dict[int, list[Message]] = defaultdict(list)
    in_message = {job.message: job.origin.reply_to for job in found if job.message}
    for message in stack.telegram.messages(chat):
        if message["from"]["is_bot"]:
            replied = message.get("reply_to_message") or {}
            request = in_message.get(message["message_id"], replied.get("message_id", 0))
            if request in asked or message["media"]:
                answers[request].append(message)
    left_over = 0
    for request in {*asked, *answers}:
        left_over += _check_request(stack, asked[request], answers[request])
    return left_over


def _check_request(stack: Scene, found: list[Job], answers: list[Message]) -> int:
    results = [each for each in answers if each["media"]]
    there = [each for each in answers if not each["media"] and not each["deleted"]]
    ends = [each for each in there if is_end(text_of(each), buttons_of(each))]
    left_over = [each for each in there if buttons_of(each) in _CANCEL]
    shown = "\n".join(f"{text_of(each)!r} {buttons_of(each)}" for each in answers) or "nothing"
    about = f"\n{found}\nwere answered with\n{shown}"
    delivered = [job for job in found if job.state is State.DELIVERED]
    assert len(results) == len(delivered), f"I1: {len(results)} results for {len(delivered)} delivered{about}"
    owed = [job for job in found if job.state is not State.DELIVERED]
    silent = [job for job in owed if job.failure is Failure.UNREACHABLE]
    assert len(owed) - len(silent) <= len(ends) <= len(owed), f"I1: {len(ends)} messages of an end{about}"
    for result in results:
        _check_result(stack, delivered, result)
    return len(left_over)


def _check_result(stack: Scene, delivered: list[Job], result: Message) -> None:
    """I6: the words under a result are those of its request, and the file is the one made for it."""
    prompt = text_of(result).partition("\n\n")[0].removesuffix("…")
    named = [job for job in delivered if job.request.prompt.startswith(prompt)]
    assert named, f"I6: {prompt!r} was given to those who had asked for {delivered}"
    replied = result.get("reply_to_message")
    if replied and not replied["from"]["is_bot"]:
        assert prompt in text_of(replied), f"I6: {prompt!r} answers {text_of(replied)!r}"
    given = stack.telegram.file(result)
    kept = [(Path(stack.settings.media_url) / job.artifact.key).read_bytes() for job in named if job.artifact]
    assert given in kept, f"I6: the file under {prompt!r} is none of {named}"
