"""The status message: what the one message that a job lives in says at each stage. Pure, plain text."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from telegram import InlineKeyboardMarkup
from telegram.constants import MessageLimit

from chat import keyboards
from chat.texts import Texts, mark
from config.catalogue import Model
from jobs.failures import Failure
from jobs.model import Job, Kind
from jobs.states import State
from ledger.queue_position import QueuePosition, rung

_FINAL = frozenset({Failure.REFUSED, Failure.REJECTED, Failure.SOURCE_GONE})
"""Failures that the very same request would meet again: there is no button for it."""
NOTES = (mark("sketch, not AI"),)
"""Notes of the catalogue's models that the catalogues of texts have a translation for."""


@dataclass(frozen=True, slots=True)
class View:
    """What a message shows: its text (or caption) and its buttons."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None


def waiting(job: Job, place: QueuePosition | None, t: Texts) -> View:
    """The job waits at `place`; None: its turn has come."""
    if place is None:
        text = t("Starting…")
    elif place.paused:
        text = t(
            "Queued #{position}. This queue is paused for a while; your place in it is kept.",
            position=rung(place.position),
        )
    else:
        text = t(
            "Queued #{position}, about {eta}",
            position=rung(place.position),
            eta=duration(place.eta_s, t),
        )
    return View(text, keyboards.cancel(job.id, t))


def progress(job: Job, t: Texts) -> View:
    """The job is being made; the provider tells the percentage, or does not (0)."""
    image = job.request.kind is Kind.IMAGE
    if job.progress:
        percent = job.progress
        text = (
            t("Drawing {percent} %", percent=percent) if image else t("Filming {percent} %", percent=percent)
        )
    else:
        text = t("Drawing…") if image else t("Filming…")
    return View(text, keyboards.cancel(job.id, t))


def ended(job: Job, t: Texts) -> View:
    """The job ended without a result: why, what to do about it, and whether it was counted."""
    if job.state is State.CANCELLED:
        return View(t("Cancelled."), keyboards.again(job.id, t))
    failure = job.failure or Failure.INTERNAL
    text = reason(failure, t, counted=job.counted)
    return View(text, None if failure in _FINAL else keyboards.again(job.id, t))


def reason(failure: Failure, t: Texts, *, counted: bool = False) -> str:
    """Return why a job has no result, what to do about it, and whether it was counted."""
    text = _FAILURES[failure](t)
    if not failure.ours:
        return text
    paid, free = t("This request counts, as it had been paid for."), t("This request was not counted.")
    return f"{text} {paid if counted else free}"


def result(job: Job, model: Model, animator: Model | None, t: Texts) -> View:
    """The caption of a result: the prompt, cut where it is too long, and how it was made."""
    made = _made(job, model, t)
    prompt = shorten(job.request.prompt, MessageLimit.CAPTION_LENGTH - _length(made) - 2)
    return View(f"{prompt}\n\n{made}", _result_keyboard(job, animator, t))


def link(job: Job, model: Model, animator: Model | None, url: str, seconds: float, t: Texts) -> View:
    """In place of a result that the chat cannot be given: a link to it, and how long (seconds) it works."""
    size = math.ceil(job.artifact.size / 1_000_000) if job.artifact else 0
    where = t(
        "The file ({size} MB) cannot be sent to this chat. This link to it works for {time}:",
        size=size,
        time=span(seconds, t),
    )
    rest = f"{_made(job, model, t)}\n\n{where}\n{url}"
    prompt = shorten(job.request.prompt, MessageLimit.MAX_TEXT_LENGTH - _length(rest) - 2)
    return View(f"{prompt}\n\n{rest}", _result_keyboard(job, animator, t))


def ready(job: Job, t: Texts) -> str:
    """The short reply that rings when a job took longer than a person watches."""
    return t("Your picture is ready.") if job.request.kind is Kind.IMAGE else t("Your video is ready.")


def announcement(job: Job, t: Texts) -> View:
    """Return what a new message says that is about to become the job's end, and that may stay beside it."""
    if job.state is State.CANCELLED:
        return View(t("Your request is cancelled."))
    if job.state is State.FAILED:
        return View(t("Your request could not be fulfilled."))
    return View(ready(job, t))


def in_doubt(job: Job, t: Texts) -> str:
    """What is said where nobody can tell whether a job's end has arrived, which is never sent twice."""
    if job.state in (State.DELIVERING, State.DELIVERED):
        return t("In case the result of this has not arrived: ask for it again.")
    return t("In case you have had no answer to this: {end}", end=ended(job, t).text)


def duration(seconds: float, t: Texts) -> str:
    """A length of time as a person says it: seconds up to a minute and a half, then minutes."""
    if seconds < 90:
        return t.n("{n} s", "{n} s", max(1, math.ceil(seconds)))
    return t.n("{n} min", "{n} min", round(seconds / 60))


def span(seconds: float, t: Texts) -> str:
    """How long something lasts at the least: whole hours, or minutes where there are none."""
    hours, minutes = int(seconds // 3600), int(seconds // 60)
    return t.n("{n} h", "{n} h", hours) if hours else t.n("{n} min", "{n} min", minutes)


def shorten(text: str, limit: int) -> str:
    """`text` cut to `limit` UTF-16 units (no way of counting a caption gives more), "…" marking the cut."""
    if _length(text) <= limit:
        return text
    room = limit - 1
    kept = text.encode("utf-16-le")[: room * 2].decode("utf-16-le", errors="ignore")
    return kept.rstrip() + "…"


def _made(job: Job, model: Model, t: Texts) -> str:
    """The line that says how a result was made."""
    parts = [model.title]
    if seed := job.request.options.get("seed") or job.request.seed:
        parts.append(t("seed {seed}", seed=seed))
    took = None if job.cached else job.seconds("accepted", "stored")
    if took:
        parts.append(duration(took, t))
    if model.note:
        parts.append(t(model.note))
    if job.cached:
        parts.append(t("made a moment ago for the same words"))
    return " · ".join(parts)


def _result_keyboard(job: Job, animator: Model | None, t: Texts) -> InlineKeyboardMarkup:
    animate = job.request.kind is Kind.IMAGE and animator is not None
    return keyboards.result(job.id, t, animate=animate, cached=job.cached)


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


_FAILURES: dict[Failure, Callable[[Texts], str]] = {
    Failure.REFUSED: lambda t: t("The model's content rules do not allow this one. Try other words."),
    Failure.REJECTED: lambda t: t(
        "The model cannot take this request. Change the prompt or the options and send it again."
    ),
    Failure.PROVIDER_FAILED: lambda t: t("The model stopped with an error. Press Again to try once more."),
    Failure.PROVIDER_DOWN: lambda t: t(
        "The service that makes the media does not answer. Press Again in a few minutes."
    ),
    Failure.OVER_BUDGET: lambda t: t(
        "Somebody else's request for the same was cancelled, and the budget does not cover making it for you."
    ),
    Failure.NOT_CONFIGURED: lambda t: t(
        "The bot's account or this model is not in order with the provider. Its operator has to look at that;"
        " choose another model in /settings, or try later."
    ),
    Failure.TIMED_OUT: lambda t: t("It was not ready in time. Press Again to try once more."),
    Failure.UNKNOWN_OUTCOME: lambda t: t(
        "The connection broke at a bad moment and the result never came. Press Again to try once more."
    ),
    Failure.TOO_LARGE: lambda t: t(
        "The result is too large. Press Again, or choose another model in /settings."
    ),
    Failure.BAD_OUTPUT: lambda t: t("The model's file came out broken. Press Again to try once more."),
    Failure.CRASHED: lambda t: t(
        "This request kept breaking our machine. Change it a little and send it again."
    ),
    Failure.UNREACHABLE: lambda t: t(
        "The result could not be delivered to this chat. Check that the bot may write here, then press Again."
    ),
    Failure.NO_MEDIA: lambda t: t(
        "This chat does not take the file. Allow the bot to send photos, videos and files here, or ask me in "
        "a private chat."
    ),
    Failure.SOURCE_GONE: lambda t: t(
        "The picture to animate is no longer kept. Make a new one and animate that."
    ),
    Failure.INTERNAL: lambda t: t("Something went wrong on our side. Press Again to try once more."),
}
