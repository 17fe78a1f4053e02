"""A person who writes to the bot: what the stories are told with."""

from collections.abc import Callable, Mapping
from typing import Any

from patience import LONG_S, eventually

from bench.chaos.histories import is_end
from jobs.model import Job
from jobs.states import State
from sandbox.stack import Scene

__all__ = ["LONG_S", "eventually"]

Message = dict[str, Any]


class Person:
    """A user of the stand at work in their private chat, or in `chat` where one is given."""

    def __init__(self, stack: Scene, name: str = "Ann", language: str = "en") -> None:
        self.stack = stack
        self.id = stack.telegram.new_user(name, language)

    def ask(self, text: str, chat: int | None = None, reply_to: Message | None = None) -> Message:
        """Write, and get the bot's answer to these very words (its first version may have passed)."""
        answered = reply_to["message_id"] if reply_to else None
        said = self.stack.telegram.send(self.id, text, chat, answered)
        return self.stack.telegram.wait_message(chat or self.id, answers(said), LONG_S)

    def press(self, message: Message, button: str) -> Message:
        """Press a button under a message; returns the answer: its `text`, `show_alert`."""
        telegram = self.stack.telegram
        press = telegram.press(self.id, message["message_id"], button, message["chat"]["id"])
        return telegram.press_answer(press, LONG_S)

    def press_for_more(self, message: Message, button: str) -> Message:
        """Press a button that makes a new job; returns that job's message."""
        chat = message["chat"]["id"]
        before = {each["message_id"] for each in self.stack.telegram.messages(chat)}
        self.press(message, button)
        return self.stack.telegram.wait_message(
            chat, lambda each: each["message_id"] not in before and each["from"]["is_bot"], LONG_S
        )

    def see(self, message: Message, what: Callable[[Message], object]) -> Message:
        """The same message, as soon as it is as described."""
        return self.stack.telegram.wait_message(
            message["chat"]["id"],
            lambda each: each["message_id"] == message["message_id"] and bool(what(each)),
            LONG_S,
        )

    def result(self, message: Message) -> Message:
        """The message once it has become a picture or a video; fails where it says why there is none."""
        ended = self.see(message, lambda each: each["media"] or is_end(text_of(each), buttons_of(each)))
        assert ended["media"], text_of(ended)
        return ended

    def make(self, text: str) -> Message:
        """Ask for something, and wait for the result."""
        return self.result(self.ask(text))

    def job(self, message: Message) -> Job:
        """The ledger's record of the job that lives in a message."""
        return eventually(lambda: self.stack.ledger.by_message(message["chat"]["id"], message["message_id"]))

    def job_when(self, message: Message, what: Callable[[Job], object]) -> Job:
        """The record once it is as described."""
        return eventually(lambda: job if what(job := self.job(message)) else None)

    def told(self, chat: int | None = None) -> list[Message]:
        """All that the bot has written in a chat, and that is still there."""
        held = self.stack.telegram.messages(chat or self.id)
        return [each for each in held if each["from"]["is_bot"] and not each["deleted"]]

    def answered_once(self, message: Message) -> bool:
        """Whether the bot gave this one answer, and no other, to the words that it answers."""
        asked = message["reply_to_message"]
        return [each["message_id"] for each in self.told(message["chat"]["id"]) if answers(asked)(each)] == [
            message["message_id"]
        ]

    def bytes_of(self, message: Message) -> bytes:
        """The picture or video in a message."""
        return self.stack.telegram.file(message)

    def predictions(self, prompt: str) -> list[Mapping[str, Any]]:
        """What the provider was asked to make of this prompt, and was paid for."""
        return [each for each in self.stack.provider.predictions() if each["input"]["prompt"] == prompt]

    def prediction(self, prompt: str) -> Mapping[str, Any]:
        """The one prediction of a prompt, once it is there."""
        (only,) = eventually(lambda: self.predictions(prompt))
        return only


def answers(said: Message) -> Callable[[Message], bool]:
    """Whether a message is the bot's reply to another."""
    return lambda each: (
        each["from"]["is_bot"]
        and (each.get("reply_to_message") or {}).get("message_id") == said["message_id"]
    )


def text_of(message: Message) -> str:
    """What a message says, be it text or caption."""
    return str(message.get("text") or message.get("caption") or "")


def says(text: str, message: Message) -> bool:
    """Whether a message says just this."""
    return text_of(message) == text


def buttons_of(message: Message) -> list[str]:
    """The labels of the buttons that are under a message now."""
    return list(message["edits"][-1]["buttons"])


def versions(message: Message) -> list[str]:
    """All that a message has said, the first version first."""
    return [str(each.get("text") or each.get("caption") or "") for each in message["edits"]]


def in_mid_poll(person: Person, prompt: str, *, looks: int = 2) -> tuple[Message, Job]:
    """A job that the provider is working on, and that some worker holds; its message, and the record.

    `looks`: so many polls are waited for; with webhooks there are none before the prediction ends.
    """
    person.stack.provider.hold()
    shown = person.ask(f"/image {prompt}")
    job = person.job_when(shown, lambda job: job.state is State.RUNNING and job.owner)
    prediction = person.prediction(prompt)["id"]
    eventually(lambda: person.prediction(prompt)["gets"] >= looks)
    assert job.prediction == prediction
    return shown, job


def finish(person: Person, shown: Message, prompt: str) -> Job:
    """Let the provider end it: the chat has one result, which was paid for once."""
    person.stack.provider.release()
    shown = person.result(shown)
    assert person.answered_once(shown)
    assert [each["message_id"] for each in person.told() if each["media"]] == [shown["message_id"]]
    assert len(person.predictions(prompt)) == 1
    return person.job_when(shown, lambda job: job.state is State.DELIVERED)
