"""Updates whose fields have other types than Telegram gives them: no handler ends in an error, and people are
served as before.

FUZZ_UPDATES sets how many are posted to a running bot; `make fuzz` is the long form. The seed is fixed.
"""

import json
import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from bot_stage import eventually
from telegram_spec import load_spec
from update_maker import Json, Maker, field_by_field, genuine
from webhook_stage import Door

from bot.inbound import reading
from ledger import keys
from ledger.queues.durable_queue import UPDATES

pytest_plugins = ["webhook_door"]

MANY = int(os.environ.get("FUZZ_UPDATES", "500"))
SEED = 20261127
NEEDS_SPEC = "no ../shared/specs/telegram-bot-api.json beside the checkout"


def posted(door: Door, updates: list[Json]) -> None:
    """Have the bot deal with all of these; each is of a person of its own where it can be."""

    def post(numbered: tuple[int, Json]) -> int:
        number, update = numbered
        body = json.dumps({"update_id": number} | update).encode()
        return door.post(body.replace(b'"id": 5,', b'"id": %d,' % (50_000_000 + number))).status_code

    with ThreadPoolExecutor(4) as posting:
        assert set(posting.map(post, enumerate(updates, 1))) <= {200, 400}
    eventually(lambda: door.redis.zcard(keys.spool(UPDATES)) == 0, 600)


def errors(door: Door) -> list[str]:
    """Lines of the bot's log that tell of something that nobody has foreseen."""
    return [line for line in door.bot.log_text.splitlines() if '"level": "error"' in line]


@pytest.fixture(autouse=True)
def served_as_before(door: Door) -> Iterator[None]:
    """Whatever was posted: no error, nothing dropped, and the next person gets an answer."""
    yield
    assert errors(door) == []
    assert door.redis.hget(keys.counts(), f"dropped:{UPDATES}") is None
    assert door.ask(door.stand.new_user("Ann"), "/help")["text"]


def test_genuine_updates_are_taken_for_such() -> None:
    """What the other tests put wrong is right before: else they would show nothing."""
    for number, update in enumerate(genuine()):
        assert reading.update_of(json.dumps({"update_id": number} | update), None), update


def test_no_field_of_another_type_ends_a_handler_in_an_error(door: Door) -> None:
    """Given each kind of update with one field put wrong, in all places and ways (a sample of them in the
    short form), I expect no error of any handler."""
    updates = field_by_field()
    dice = random.Random(SEED)
    posted(door, dice.sample(updates, min(MANY // 2, len(updates))))


@pytest.mark.skipif(load_spec() is None, reason=NEEDS_SPEC)
def test_no_update_of_the_bot_api_with_wrong_fields_ends_a_handler_in_an_error(door: Door) -> None:
    """Given updates of any structure that the Bot API describes, with up to three fields put wrong, I expect
    no error of any handler."""
    spec = load_spec()
    assert spec is not None
    maker = Maker(spec.types, random.Random(SEED))
    posted(door, [maker.update() for _ in range(MANY - MANY // 2)])
