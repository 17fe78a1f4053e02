"""What an operator reads: every line names its job, and no line gives away a prompt or a token."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.chaos.histories import is_end
from sandbox.stack import Stack

from .person import Person, buttons_of, eventually, text_of

JOB = re.compile(r"\b[a-z2-7]{20}\b")
PROCESSES = ("bot", "worker-image", "deliver")


def lines_of(stack: Stack, name: str) -> list[str]:
    """The complete lines that a process has logged."""
    return stack.programs[name].log_text.rpartition("\n")[0].splitlines()


def read(stack: Stack, name: str, begin: int) -> list[dict[str, Any]]:
    """Its lines from a certain one on."""
    return [json.loads(line) for line in lines_of(stack, name)[begin:]]


def names_all(jobs: set[str], new: Callable[[], list[dict[str, Any]]]) -> bool:
    """Whether there is a line of every job."""
    return jobs <= {line.get("job") for line in new()}


def test_lines_name_their_job_and_keep_secrets(stack: Stack, ann: Person) -> None:
    """Ann has a picture made, one refused and one cancelled; each leaves lines with its id, and no words.

    The lines carry the same ids as the ledger: of the update, the worker and the prediction too."""
    begin = {name: len(lines_of(stack, name)) for name in PROCESSES}
    made = ann.make("/image quokkas on parade")
    refused = ann.ask("/image nsfw quokkas")
    ann.see(refused, lambda each: is_end(text_of(each), buttons_of(each)))
    stack.provider.hold()
    cancelled = ann.ask("/image sleeping quokkas --no umbrellas")
    ann.prediction("sleeping quokkas")
    ann.press(cancelled, "Cancel")
    ann.see(cancelled, lambda each: buttons_of(each) == ["Again"])
    jobs = {ann.job_when(each, lambda job: job.told).id for each in (made, refused, cancelled)}

    for name in PROCESSES:
        new = partial(read, stack, name, begin[name])
        eventually(partial(names_all, jobs, new))
        assert [line for line in new() if not JOB.search(line.get("job", line["event"]))] == []
    for line in read(stack, "bot", begin["bot"]):
        assert line["event"] != "request" or isinstance(line["update"], int)
    stored = [
        line for line in read(stack, "worker-image", begin["worker-image"]) if line["event"] == "stored"
    ]
    job = ann.job(made)
    claimed = next(event for event in stack.trails.of(job) if event.what == "claimed")
    ids = [(line["job"], line["prediction"], line["worker"]) for line in stored]
    assert ids == [(job.id, job.prediction, claimed.who)]
    everything = "\n".join(stack.programs[name].log_text for name in PROCESSES)
    for secret in (
        "quokkas",
        "umbrellas",
        stack.settings.telegram_token,
        stack.settings.telegram_token.partition(":")[2],
        stack.settings.replicate_api_token,
    ):
        assert secret not in everything
