"""Updates of one chat are handled in their order, those of several chats side by side."""

import asyncio
from typing import Any

import pytest
from telegram import Update

from bot.inbound import ack, handling
from bot.inbound.ack import Ack
from bot.inbound.handling import Handling

ANN, IVAN = 1, 2


def update(number: int, chat: int = ANN) -> Update:
    """A message; `number` is both the update's and the message's."""
    person = {"id": chat, "is_bot": False, "first_name": "Ann"}
    where = {"id": chat, "type": "private", "first_name": "Ann"}
    message = {"message_id": number, "date": 1, "chat": where, "from": person, "text": "x"}
    return Update.de_json({"update_id": number, "message": message}, None)


def press(number: int, chat: int = ANN) -> Update:
    """A press of a button in the chat."""
    person = {"id": chat, "is_bot": False, "first_name": "Ann"}
    where = {"id": chat, "type": "private", "first_name": "Ann"}
    message = {"message_id": 1, "date": 1, "chat": where}
    query = {"id": "7", "from": person, "chat_instance": "1", "data": "x", "message": message}
    return Update.de_json({"update_id": number, "callback_query": query}, None)


class Desk:
    """A handler that notes what it begins, and goes on step by step, as the test lets it."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.may_decide: dict[int, asyncio.Event] = {}
        self.may_end: dict[int, asyncio.Event] = {}
        self.handling = Handling(self.handle)

    async def handle(self, update: Update) -> None:
        number = update.update_id
        self.begun.append(number)
        await self.may_decide.setdefault(number, asyncio.Event()).wait()
        ack.accept()
        await self.may_end.setdefault(number, asyncio.Event()).wait()

    def begin(self, each: Update) -> tuple[Ack, "asyncio.Task[None]"]:
        mine = Ack()
        return mine, self.handling.begin(each, mine)

    def decide(self, number: int) -> None:
        self.may_decide.setdefault(number, asyncio.Event()).set()

    def end(self, number: int) -> None:
        self.may_end.setdefault(number, asyncio.Event()).set()


async def settled() -> None:
    """Let everything go on that can."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("make", [update, press])
async def test_the_next_of_a_chat_begins_once_the_fate_of_the_one_before_is_known(make: Any) -> None:
    """Given two updates of one chat and one of another, I expect the first and the other's to begin at once,
    and the second once the first is decided, though there is still something to say about it."""
    desk = Desk()
    first, _ = desk.begin(update(1))
    desk.begin(make(2))
    desk.begin(update(3, IVAN))
    await settled()
    assert desk.begun == [1, 3]
    desk.decide(1)
    await settled()
    assert desk.begun == [1, 3, 2]
    assert first.taken
    assert len(desk.handling.pending) == 3, "nobody has said all yet"
    for number in (1, 2, 3):
        desk.decide(number)
        desk.end(number)
    await settled()
    assert not desk.handling.pending


async def test_one_that_fails_or_is_ended_holds_up_nobody() -> None:
    """Given updates of one chat, when the first one's handler fails and the second one is cancelled, I expect
    the third to begin; the failed one is dealt with, the cancelled one is not."""
    begun = []

    async def handle(each: Update) -> None:
        begun.append(each.update_id)
        if each.update_id == 1:
            raise ValueError("a mistake")
        if each.update_id == 2:
            await asyncio.Event().wait()

    at_work = Handling(handle)
    acks = [Ack() for _ in range(3)]
    tasks = [at_work.begin(update(number), each) for number, each in enumerate(acks, 1)]
    await settled()
    assert begun == [1, 2]
    tasks[1].cancel()
    await settled()
    assert begun == [1, 2, 3]
    assert [each.taken for each in acks] == [True, False, True]


async def test_one_whose_turn_comes_too_late_is_left_to_another() -> None:
    """Given an update that waits for its chat's turn, when its taker has given it up, I expect no handler."""
    desk = Desk()
    desk.begin(update(1))
    second, task = desk.begin(update(2))
    await settled()
    second.give(False)
    desk.decide(1)
    await asyncio.wait_for(task, 5)
    assert desk.begun == [1]


async def test_a_handler_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handling, "HANGS_S", 0.01)
    desk = Desk()
    first, task = desk.begin(update(1))
    second, _ = desk.begin(update(2))
    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()
    assert first.taken
    await asyncio.wait({second.answer}, timeout=5)
    assert desk.begun == [1, 2]


async def test_an_update_that_took_too_long_and_then_fails_is_said_to_nobody() -> None:
    """Given an update for whose answer nobody waits any more, when its handler fails, I expect it to count as
    one that comes again; one that is dealt with does not."""
    late, dealt_with = Ack(), Ack()
    late.answer.cancel()
    ack.open_with(late)
    assert ack.refuse()
    dealt_with.give(True)
    ack.open_with(dealt_with)
    assert not ack.refuse()
