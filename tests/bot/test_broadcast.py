"""A broadcast from the question to its end: a bot, workers of the delivery lane, people who get it once."""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from bot_stage import Message, Scene, bot_program, eventually, stand_program, worker_program
from patience import LONG_S

from ledger.admin.audit_log import AuditLog
from ledger.people import People
from sandbox.processes import Program
from stand.telegram.client import TelegramStand

ADMIN = 5_000_000_001
NEWS = "We are back: 🦊 and faster"
USERS = 30
QUICK = {"LEASE_S": "0.9", "HEARTBEAT_S": "0.3", "SWEEP_S": "0.2"}


class Stage(Scene):
    """A scene with programs that a test starts and kills."""

    def __init__(self, stand: TelegramStand, redis_url: str) -> None:
        super().__init__(stand, redis_url)
        self.redis_url = redis_url

    def bot(self) -> Program:
        """A bot with the admin, not started."""
        return bot_program(self.stand.base_url, self.redis_url, settings={"ADMIN_IDS": str(ADMIN), **QUICK})

    def worker(self, folder: Path) -> Program:
        """A worker of the delivery lane, not started."""
        return worker_program(self.stand.base_url, self.redis_url, folder, QUICK)

    def got(self, user: int) -> int:
        """How often a user was sent the news."""
        return sum(each.get("text") == NEWS for each in self.stand.messages(user))

    def says(self, message: Message, words: str) -> Message:
        """The message in the admin's chat, once it says this."""
        wanted = message["message_id"]
        return self.stand.wait_message(
            ADMIN, lambda each: each["message_id"] == wanted and words in each["text"], timeout=20
        )


@pytest.fixture(scope="module")
def stage(redis_server: str) -> Iterator[Stage]:
    with stand_program() as stand, TelegramStand(stand.url) as client:
        client.limits(enabled=False)
        client.new_user("Ada", user_id=ADMIN)
        stage = Stage(client, redis_server)
        yield stage
        stage.close()


@pytest.fixture
def users(stage: Stage, redis_url: str) -> Iterator[list[int]]:
    """People who have used the bot; the third has blocked it since. The admin is not among them."""
    people = People(stage.redis)
    users = [stage.stand.new_user(f"User {number}") for number in range(USERS)]
    for user in users:
        people.seen(user, user, "en")
    stage.stand.block(users[2])
    yield users
    stage.stand.clear_faults()


@contextmanager
def running(*programs: Program) -> Iterator[None]:
    """Start programs side by side (most of a start is importing), and end them."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        for program in programs:
            stack.callback(program.close)
        list(pool.map(Program.start, programs))
        yield


def numbers(text: str) -> list[int]:
    """The numbers of the display, from "Sent" on."""
    return [int(number) for number in re.findall(r": (\d+)$", text, re.MULTILINE)]


def test_everybody_gets_it_once_though_bot_and_worker_are_killed_half_way(
    stage: Stage, users: list[int], tmp_path: Path
) -> None:
    stage.stand.fault("delay", method="sendMessage", seconds=0.03, times=1000)
    bot, worker = stage.bot(), stage.worker(tmp_path)
    with running(bot, worker):
        question = stage.ask(ADMIN, f"/broadcast {NEWS}")
        assert question["text"] == f"Send this to {USERS} people?\n\n{NEWS}"
        assert sum(map(stage.got, users)) == 0
        stage.press(ADMIN, question, "Send")
        eventually(lambda: stage.got(users[10]) == 1)
        bot.kill()
        worker.kill()
        assert stage.got(users[-1]) == 0
        with stage.worker(tmp_path):
            end = stage.says(question, "Broadcast: done.")
    got = Counter(map(stage.got, users))
    sent, unreachable = numbers(end["text"])[:2]
    # The user over whom the worker died may have got it or not: at most once comes before at least once.
    assert got[1] >= USERS - 2
    assert got[0] <= 2
    assert not set(got) - {0, 1}
    assert stage.got(users[2]) == 0
    assert (unreachable, sent in (USERS - 1, USERS - 2)) == (1, True)
    assert end["edits"][-1]["buttons"] == []
    assert People(stage.redis).count() == USERS - 1
    assert AuditLog(stage.redis).latest()[0].what == "broadcast"


def test_a_worker_that_is_told_to_stop_hands_over_and_troubles_that_pass_are_waited_out(
    stage: Stage, users: list[int], tmp_path: Path
) -> None:
    """A lost answer is not asked for twice, as the message may have arrived; it is counted apart."""
    stage.stand.fault("429", chat=users[4], method="sendMessage", retry_after=1)
    stage.stand.fault("500", chat=users[7], method="sendMessage", times=2)
    stage.stand.fault("drop_answer", chat=users[20], method="sendMessage")
    stage.stand.fault("delay", method="sendMessage", seconds=0.03, times=1000)
    worker = stage.worker(tmp_path)
    with running(stage.bot(), worker):
        question = stage.ask(ADMIN, f"/broadcast {NEWS}")
        stage.press(ADMIN, question, "Send")
        eventually(lambda: stage.got(users[5]) == 1)
        assert worker.terminate(LONG_S) == 0
        with stage.worker(tmp_path):
            end = stage.says(question, "Broadcast: done.")
    assert numbers(end["text"]) == [USERS - 2, 1, 1]
    assert [stage.got(user) for user in users] == [1, 1, 0] + [1] * (USERS - 3)


def test_it_waits_for_a_worker_and_can_be_dropped_refused_and_stopped(stage: Stage, users: list[int]) -> None:
    """Without a worker nothing is sent: the broadcast stays at its beginning, and is one at a time."""
    boss, ann = stage.stand.new_user("Борис", "ru"), users[0]
    with bot_program(
        stage.stand.base_url, stage.redis_url, settings={"ADMIN_IDS": f"{ADMIN},{boss}", **QUICK}
    ):
        dropped = stage.ask(boss, f"/broadcast {NEWS}")
        assert dropped["text"].startswith(f"Отправить это {USERS} людям?")
        first, second = (stage.ask(ADMIN, f"/broadcast {NEWS}") for _ in range(2))
        send = f"broadcast:send:{'a' * 20}"
        assert "out of date" in stage.press(ann, stage.with_button(ann, send), "x")["text"]
        assert "Send the command again" in stage.press(ADMIN, stage.with_button(ADMIN, send), "x")["text"]
        stage.press(boss, dropped, "Не отправлять")
        stage.stand.wait_message(boss, lambda each: each.get("text") == "Никому не отправлено.")
        stage.press(ADMIN, first, "Send")
        begun = stage.says(first, f"Broadcast: 0 of {USERS}.")
        assert "A broadcast is under way" in stage.press(ADMIN, second, "Send")["text"]
        assert stage.ask(boss, "/broadcast ещё")["text"].startswith("Рассылка уже идёт.")
        assert stage.press(ADMIN, begun, "Stop")["text"] == "Stopped."
        stage.says(first, "Broadcast: stopped.")
        assert stage.ask(boss, "/broadcast stop")["text"] == "Сейчас рассылки нет."
        stage.press(ADMIN, second, "Send")
        stage.says(second, f"Broadcast: 0 of {USERS}.")
        assert stage.ask(boss, "/broadcast stop")["text"] == "Остановлено."
        stage.says(second, "Broadcast: stopped.")
    assert sum(map(stage.got, users)) == 0
