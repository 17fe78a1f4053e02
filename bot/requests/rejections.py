"""What a person is told whose request was not taken. Each answer says what to do, and when."""

from dataclasses import dataclass

from bot.handlers.admin import arguments
from chat import status
from chat.texts import Texts
from config.budgets import PERSON, RESERVED, VIP_PERSON
from ledger.admission import (
    Accepted,
    Answer,
    Blocked,
    Busy,
    Cached,
    Duplicate,
    Limited,
    OverBudget,
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """`text` is what is said; `repeated`: it was said a moment ago, and a chat need not hear it again."""

    text: str
    repeated: bool = False


def refusal(answer: Answer, eta_s: float, t: Texts) -> Rejection | None:
    """The words for an answer; None where the request was taken. `eta_s`: when a place may be free."""
    match answer:
        case Limited(retry_after_s, first):
            wait = status.duration(retry_after_s, t)
            return Rejection(t("That is your limit for now; next request in {wait}.", wait=wait), not first)
        case Busy(None, size, first):
            said = t.n(
                "{n} job of yours is still on its way. Wait for it, or /cancel it.",
                "{n} jobs of yours are still on their way. Wait for one, or /cancel one.",
                size,
            )
            return Rejection(said, not first)
        case Busy(_, _, first):
            eta = status.duration(eta_s, t)
            said = t("So many are waiting that I take no more. Try again in about {eta}.", eta=eta)
            return Rejection(said, not first)
        case OverBudget(first=first):
            return Rejection(_over_budget(answer, t), not first)
        case Blocked():
            return Rejection(t("I take no requests from this account."))
        case Accepted() | Duplicate() | Cached():
            return None


def _over_budget(answer: OverBudget, t: Texts) -> str:
    if answer.never:
        return t("This costs more than its budget allows. Choose another model in /settings.")
    day, today = arguments.day(answer.ends, t), answer.period == "day"
    if answer.name in (PERSON, VIP_PERSON):
        text = (
            t(
                "Your budget for today does not cover this. The next one starts on {day} at 00:00 UTC.",
                day=day,
            )
            if today
            else t(
                "Your budget for this month does not cover this. The next one starts on {day} at 00:00 UTC.",
                day=day,
            )
        )
    elif answer.name in RESERVED:
        text = (
            t(
                "The budget for today does not cover this. The next one starts on {day} at 00:00 UTC.",
                day=day,
            )
            if today
            else t(
                "The budget for this month does not cover this. The next one starts on {day} at 00:00 UTC.",
                day=day,
            )
        )
    else:
        text = (
            t(
                "This model's budget for today does not cover this. Choose another model in /settings; "
                "the next budget starts on {day} at 00:00 UTC.",
                day=day,
            )
            if today
            else t(
                "This model's budget for this month does not cover this. Choose another model in /settings; "
                "the next budget starts on {day} at 00:00 UTC.",
                day=day,
            )
        )
    return text
