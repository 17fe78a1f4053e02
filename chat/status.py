"""The text and buttons of a job's status message at each stage. Pure; plain text."""

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
"""Failures that the same request would meet again, so there is no button to repeat it."""
NOTES = (mark("sketch, not AI"),)
"""Notes of models in the catalogue that have a translation."""


@dataclass(frozen=True, slots=True)
class View:
    """The text (or caption) and the buttons of a message."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None


def waiting(job: Job, place: QueuePosition | None, t: Texts) -> View:
    """Return what a waiting job's message shows; without a `place` the job is about to start."""
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
    """Return what a running job's message shows, with the percentage if the provider reports one."""
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
    """Return what the message of a job without a result shows: why, what to do, and whether it counts."""
    if job.state is State.CANCELLED:
        return View(t("Cancelled."), keyboards.again(job.id, t))
    failure = job.failure or Failure.INTERNAL
    text = reason(failure, t, counted=job.counted)
    return View(text, None if failure in _FINAL else keyboards.again(job.id, t))


def reason(failure: Failure, t: Texts, *, counted: bool = False) -> str:
    """Return why a job has no result, what to do about it, and whether it counts towards the limit."""
    text = _FAILURES[failure](t)
    if not failure.ours:
        return text
    paid, free = t("This request counts, as it had been paid for."), t("This request was not counted.")
    return f"{text} {paid if counted else free}"


def result(job: Job, model: Model, animator: Model | None, t: Texts) -> View:
    """Return a result's caption and buttons: the prompt, cut where too long, and how the result was made."""
    made = _made(job, model, t)
    prompt = shorten(job.request.prompt, MessageLimit.CAPTION_LENGTH - _length(made) - 2)
    return View(f"{prompt}\n\n{made}", _result_keyboard(job, animator, t))


def link(job: Job, model: Model, animator: Model | None, url: str, seconds: float, t: Texts) -> View:
    """Return a link in place of a result that cannot be sent to the chat; it works for `seconds`."""
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
    """Return the short reply that notifies the person of the end of a long job."""
    return t("Your picture is ready.") if job.request.kind is Kind.IMAGE else t("Your video is ready.")


def announcement(job: Job, t: Texts) -> View:
    """Return the text of a new message that is about to become the job's end.

    The text must also make sense by itself, as the message may stay in the chat beside the end.
    """
    if job.state is State.CANCELLED:
        return View(t("Your request is cancelled."))
    if job.state is State.FAILED:
        return View(t("Your request could not be fulfilled."))
    return View(ready(job, t))


def in_doubt(job: Job, t: Texts) -> str:
    """Return what the person is told where the job's end may have arrived; the end is never sent twice."""
    if job.state in (State.DELIVERING, State.DELIVERED):
        return t("In case the result of this has not arrived: ask for it again.")
    return t("In case you have had no answer to this: {end}", end=ended(job, t).text)


def duration(seconds: float, t: Texts) -> str:
    """Return a duration as a person says it: seconds up to a minute and a half, then minutes."""
    if seconds < 90:
        return t.n("{n} s", "{n} s", max(1, math.ceil(seconds)))
    return t.n("{n} min", "{n} min", round(seconds / 60))


def wait(seconds: float, t: Texts) -> str:
    """A time that somebody must wait, never told shorter than it is: seconds, or whole minutes rounded up."""
    return duration(seconds if seconds < 90 else 60 * math.ceil(seconds / 60), t)


def span(seconds: float, t: Texts) -> str:
    """Return a duration, rounded down: in whole hours, or in minutes below one hour."""
    hours, minutes = int(seconds // 3600), int(seconds // 60)
    return t.n("{n} h", "{n} h", hours) if hours else t.n("{n} min", "{n} min", minutes)


def shorten(text: str, limit: int) -> str:
    """Return the text cut to `limit` UTF-16 units, with "…" at the cut.

    No way of counting the length of a caption gives more than its UTF-16 units.
    """
    if _length(text) <= limit:
        return text
    room = limit - 1
    kept = text.encode("utf-16-le")[: room * 2].decode("utf-16-le", errors="ignore")
    return kept.rstrip() + "…"


def _made(job: Job, model: Model, t: Texts) -> str:
    """Return the line that says how a result was made."""
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
