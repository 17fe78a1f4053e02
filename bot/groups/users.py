"""The services for users: who they are, what they chose, and how often they may write."""

from dataclasses import dataclass

from config.settings import Settings
from jobs.limits import parse_rate
from ledger.admin.vips import Vips
from ledger.connections import Connections
from ledger.jobs import Ledger
from ledger.limits.attention import Attention
from ledger.people import People
from ledger.questions import Questions
from ledger.queues.deduplication import Deduplication, Presses
from ledger.users import Preferences
from ledger.users import Users as History


@dataclass(frozen=True, slots=True)
class Users:
    """The users' group. `preferences`, `questions`, `presses` and `attention` are asynchronous; all others
    block."""

    history: History
    people: People
    vips: Vips
    preferences: Preferences
    questions: Questions
    presses: Presses
    attention: Attention
    deduplication: Deduplication


def users(settings: Settings, redis: Connections, ledger: Ledger) -> Users:
    """Return the group."""
    refused = settings.refused_rate_limit
    return Users(
        history=History(redis.client, ledger),
        people=People(redis.client),
        vips=Vips(redis.client),
        preferences=Preferences(redis.pipeline),
        questions=Questions(redis.pipeline),
        presses=Presses(redis.pipeline),
        attention=Attention(redis.pipeline, parse_rate(refused) if refused else None),
        deduplication=Deduplication(redis.client),
    )
