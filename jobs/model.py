"""The job: one request of one user, and what the ledger knows about it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from jobs.errors import NewerRecord, UnreadableRecord
from jobs.failures import Failure
from jobs.states import State

VERSION = 1
"""Version of a job's record; raised when an older worker could misread a newer record."""


class Kind(StrEnum):
    """The kind of result."""

    IMAGE = "image"
    VIDEO = "video"


class Tier(StrEnum):
    """The tier of a user."""

    REGULAR = "regular"
    VIP = "vip"


class Lane(StrEnum):
    """The lanes: queues of jobs, each with its own workers."""

    IMG = "img"
    VID = "vid"
    VIP = "vip"
    DELIVER = "deliver"

    @staticmethod
    def of(kind: Kind, tier: Tier) -> "Lane":
        """Return the lane in which a job waits to be made."""
        if tier is Tier.VIP:
            return Lane.VIP
        return Lane.IMG if kind is Kind.IMAGE else Lane.VID


GENERATION_LANES = tuple(lane for lane in Lane if lane is not Lane.DELIVER)
"""The lanes whose jobs wait to be made. They can be paused; deliveries cannot."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asks for.

    Attributes:
        options: The values that the user gave, by the option's name.
        seed: The seed drawn for the job where the user gave none; 0 for none drawn.
        source: The id of the job whose picture is to be animated; "" for none.
    """

    kind: Kind
    model: str
    prompt: str
    options: Mapping[str, str | int] = field(default_factory=dict)
    seed: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from.

    Attributes:
        user: The user who asks.
        chat: The chat that gets the result, in the topic `thread` (0: in none).
        reply_to: The message with the request, to which the bot replies.
        language: The language of the bot's messages (`en`, `ru`).
    """

    user: int
    chat: int
    reply_to: int
    language: str = "en"
    thread: int = 0


@dataclass(frozen=True, slots=True)
class Artifact:
    """A produced file: its key in the media store, its MIME type and size in bytes."""

    key: str
    mime: str
    size: int


@dataclass(frozen=True, slots=True)
class Order:
    """What a job's paid call asks of a provider.

    It is recorded before the call, because the catalogue may have changed when another worker continues the
    job.

    Attributes:
        provider: The provider's name.
        reference: The provider's name for the model.
        input: The model's input.
        deadline_s: The time (s) for which the prediction may run.
    """

    provider: str
    reference: str
    input: Mapping[str, Any]
    deadline_s: float


@dataclass(frozen=True, slots=True)
class Job:
    """The record of one job in the ledger.

    Attributes:
        token: The fencing number of the latest lease.
        unsent: Whether the job is submitting, and its last paid call has surely not reached the provider.
        order: What the last paid call asked for. None where there was no call, or an older release made it.
        upload: The URL of the animated picture, which is all that older releases recorded of a paid call.
        polls: How often the provider was polled. A worker that dies loses the polls since its last note.
        message: The id of the job's chat message; 0 until it is posted.
        moved: Whether the chat has got a new id, under which the job has no message yet.
        told: Whether the chat was told of the job's end.
        digest: Names what is asked for, so that an identical request can share or reuse the result; "" where
            the user wants a result of their own.
        cached: Whether the job's result came from the cache.
        counted: Whether the job failed by our fault and its token was kept all the same, because the job was
            paid and the person had got the permitted number of such tokens back already.
        stamps: The time (Unix seconds) at which each state was entered.
    """

    id: str
    request: Request
    origin: Origin
    tier: Tier
    lane: Lane
    state: State
    version: int = VERSION
    token: int = 0
    owner: str = ""
    crashes: int = 0
    cancel: bool = False
    unsent: bool = False
    order: Order | None = None
    upload: str = ""
    prediction: str = ""
    progress: int = 0
    polls: int = 0
    artifact: Artifact | None = None
    failure: Failure | None = None
    message: int = 0
    moved: bool = False
    file_id: str = ""
    told: bool = False
    digest: str = ""
    cached: bool = False
    counted: bool = False
    stamps: Mapping[str, float] = field(default_factory=dict)

    @property
    def ordered(self) -> Order | None:
        """The order that was paid, or may have been; None while the paid call is still to be made."""
        return None if self.unsent and not self.prediction else self.order

    def seconds(self, start: str, end: str) -> float | None:
        """Return the seconds between two stamps; None where one of them is missing."""
        if start not in self.stamps or end not in self.stamps:
            return None
        return self.stamps[end] - self.stamps[start]


def new_record(request: Request, origin: Origin) -> dict[str, str]:
    """Return the fields that admission writes for a new job; the script adds state, lane and stamps.

    All values are text, because Lua would round a large chat id.
    """
    record = {
        "version": VERSION,
        "kind": request.kind,
        "model": request.model,
        "prompt": request.prompt,
        "options": json.dumps(dict(request.options)),
        "seed": request.seed,
        "source": request.source,
        "user": origin.user,
        "chat": origin.chat,
        "reply_to": origin.reply_to,
        "language": origin.language,
        "thread": origin.thread,
    }
    return {name: str(value) for name, value in record.items()}


def from_record(job_id: str, record: Mapping[str, str]) -> Job:
    """Read a job back from its hash in the ledger.

    Raises NewerRecord where a newer release wrote it, UnreadableRecord where it cannot be read for another
    reason.
    """
    try:
        return _read(job_id, record)
    except (KeyError, ValueError, TypeError) as error:
        raise UnreadableRecord(f"job {job_id} has a record that cannot be read ({error!r})") from error


def _read(job_id: str, record: Mapping[str, str]) -> Job:
    def number(name: str) -> int:
        return int(record.get(name) or 0)

    if number("version") > VERSION:
        raise NewerRecord(
            f"job {job_id} has a record of version {number('version')}, read are up to {VERSION}"
        )
    kind = Kind(record["kind"])
    return Job(
        id=job_id,
        version=number("version"),
        request=Request(
            kind,
            record["model"],
            record["prompt"],
            json.loads(record["options"]),
            number("seed"),
            record.get("source", ""),
        ),
        origin=Origin(
            number("user"), number("chat"), number("reply_to"), record["language"], number("thread")
        ),
        tier=Tier(record["tier"]),
        lane=Lane(record["lane"]),
        state=State(record["state"]),
        token=number("token"),
        owner=record.get("owner", ""),
        crashes=number("crashes"),
        cancel=bool(number("cancel")),
        unsent=bool(number("unsent")),
        upload=record.get("upload", ""),
        order=Order(**json.loads(record["order"])) if record.get("order") else None,
        prediction=record.get("prediction", ""),
        progress=number("progress"),
        polls=number("polls"),
        artifact=_artifact(record),
        failure=Failure(record["failure"]) if record.get("failure") else None,
        message=number("message"),
        moved=bool(number("moved")),
        file_id=record.get("file_id", ""),
        told="at:told" in record,
        digest=record.get("digest", ""),
        cached=bool(number("cached")),
        counted=bool(number("counted")),
        stamps={name[3:]: int(value) / 1000 for name, value in record.items() if name.startswith("at:")},
    )


def from_flat(job_id: str, flat: list[str]) -> Job:
    """Read a job from the result of a script: names and values in turn."""
    return from_record(job_id, dict(zip(flat[::2], flat[1::2], strict=True)))


def order_field(order: Order) -> str:
    """Return the text of an order for the field in a job's record."""
    return json.dumps(asdict(order))


def artifact_fields(artifact: Artifact) -> dict[str, Any]:
    """Return the fields that hold an artifact in a job's record."""
    return {"artifact": artifact.key, "mime": artifact.mime, "size": artifact.size}


def _artifact(record: Mapping[str, str]) -> Artifact | None:
    if not record.get("artifact"):
        return None
    return Artifact(record["artifact"], record["mime"], int(record["size"]))
