"""What admins are shown, and what they may write."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.handlers.admin import arguments, audit
from bot.handlers.admin.lanes import Lines, report
from bot.handlers.admin.users import Card, describe, vip_list
from chat import announcement
from chat.announcement import Word
from chat.texts import texts
from jobs.limits import Rate
from jobs.model import Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from ledger.admin.audit_log import AuditEntry
from ledger.admin.broadcasts import Broadcast, Phase
from ledger.admin.statistics import LaneView, Overview, UserTokens, filled
from ledger.admin.vips import LONGEST_DAYS, last_day
from ledger.people import Person

EN, RU = texts("en"), texts("ru")
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "day"),
    [("30", date(2026, 12, 24)), ("0", TODAY), ("2026-12-24", date(2026, 12, 24)), ("2026-11-24", TODAY)],
)
def test_a_grant_is_written_in_days_or_as_a_date(text: str, day: date) -> None:
    assert last_day(text, TODAY) == day


@pytest.mark.parametrize(
    "text",
    ["", "-1", "tomorrow", "24.12.2026", "2026-11-23", "2026-02-30", "3651", "99999", "9999-01-01", "١"],
)
def test_any_other_grant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        last_day(text, TODAY)


def test_the_longest_grant_is_the_same_in_days_and_as_a_date() -> None:
    longest = TODAY + timedelta(days=LONGEST_DAYS)
    assert last_day(str(LONGEST_DAYS), TODAY) == last_day(longest.isoformat(), TODAY) == longest


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("123", 123), ("7000000001", 7_000_000_001),
        ("-1001234567890", -1001234567890),
        ("0", None), ("-5", None), ("-000000", None), ("@ann", None), ("1 2", None), ("9" * 16, None),
        ("", None), ("²", None),
    ],
)  # fmt: skip
def test_a_user_is_named_by_id(text: str, user: int | None) -> None:
    assert arguments.user_id(text) == user


def test_only_lanes_of_jobs_that_wait_can_be_named() -> None:
    assert [arguments.lane(name) for name in ("img", "VIP", "deliver", "")] == [
        Lane.IMG,
        Lane.VIP,
        None,
        None,
    ]


def test_dates_are_written_in_the_admins_language() -> None:
    assert arguments.day(date(2026, 12, 24), EN) == "24 Dec 2026"
    assert arguments.day(date(2026, 12, 24), RU) == "24 дек. 2026"


OVERVIEW = Overview(
    active={State.QUEUED: 3, State.RUNNING: 2},
    ended={State.CANCELLED: 1, State.DELIVERED: 120, State.FAILED: 4},
    lanes={Lane.IMG: LaneView(3, 125.0), Lane.VID: LaneView(0, 0.0)},
    requests=130,
    cached=12,
    prompts_refused=7,
    spend_usd={"video": 1.5, "sketch": 0.0125},
)
LINES: Lines = {Lane.IMG: (2, True), Lane.VID: (-1, False)}


def test_stats_in_english() -> None:
    assert report(OVERVIEW, LINES, EN) == (
        "Jobs now: queued 3, running 2\n"
        "Ended so far: cancelled 1, delivered 120, failed 4\n\n"
        "img: 3 waiting, the oldest for 2 min, 2 on the broker, paused\n"
        "vid: 0 waiting, the broker does not answer\n\n"
        "From the cache: 12 of 130 requests (9 %)\n"
        "Prompts refused: 7\n\n"
        "Spent today (UTC), list price: $1.51\n"
        "· video: $1.50\n"
        "· sketch: $0.0125"
    )


def test_stats_in_russian_and_before_the_first_request() -> None:
    quiet = replace(OVERVIEW, active={}, requests=0, cached=0, spend_usd={})
    text = report(quiet, LINES, RU)
    assert "Задания сейчас: 0\n" in text
    assert "img: ждут 3, самое старое ждёт 2 минуты, у брокера 2, приостановлена\n" in text
    assert "Из кэша: 0 из 0 запросов (0 %)" in text
    assert text.endswith("Потрачено сегодня (UTC), по прейскуранту: $0.00")


ANN = Person(7, "en", 7, True, 100.0, 940.0)
FOX = Job(
    id="abcdefghij234567abcd",
    request=Request(Kind.IMAGE, "flux-schnell", "a red fox"),
    origin=Origin(7, 7, 5, "en"),
    tier=Tier.REGULAR,
    lane=Lane.IMG,
    state=State.RUNNING,
    stamps={"accepted": 988.0},
)


def test_a_users_card_shows_everything_but_what_they_ask_for() -> None:
    card = Card(7, ANN, date(2026, 12, 24), True, UserTokens(6.7, 10), [FOX])
    assert describe(card, 1000.0, EN) == (
        "User 7\nLanguage en, last seen 60 s ago\nVIP until 24 Dec 2026\nBlocked\n"
        "Requests left now: 6 of 10\nActive jobs: 1\n· image, img, running, 12 s"
    )
    assert "VIP до 24 дек. 2026\nЗаблокирован\nОсталось запросов: 6 из 10\n" in describe(card, 1000.0, RU)


def test_a_card_of_somebody_unknown_and_of_somebody_out_of_reach() -> None:
    card = Card(7, None, None, False, None, [])
    assert describe(card, 1000.0, EN) == (
        "User 7\nHas never asked me for anything.\nNo VIP\nNot blocked\nActive jobs: 0"
    )
    gone = replace(card, person=replace(ANN, reachable=False))
    assert "Cannot be written to." in describe(gone, 1000.0, EN)


def test_a_long_list_of_vips_fits_into_a_message() -> None:
    grants = [(10**15 + user, date(2026, 12, 24)) for user in range(150)]
    text = vip_list(grants, RU)
    assert len(text) < 4096
    assert text.endswith("…и ещё 50")


DEEDS = [
    AuditEntry(5_000_000_002, "block", "7000000001", when=datetime(2026, 11, 27, 9, 5, 7, 999_000, UTC)),
    AuditEntry(
        5_000_000_001, "vip grant", "7000000001", "2026-12-24", datetime(2026, 11, 24, 23, 59, 59, 0, UTC)
    ),
]


def test_the_audit_log_reads_as_who_did_what_to_whom_and_when() -> None:
    assert audit.report(DEEDS, EN) == (
        "What admins have done, the latest first (times in UTC):\n"
        "27 Nov 2026, 09:05:07 · 5000000002 · block 7000000001\n"
        "24 Nov 2026, 23:59:59 · 5000000001 · vip grant 7000000001 2026-12-24"
    )
    assert audit.report(DEEDS, RU).splitlines()[:2] == [
        "Действия администраторов, сначала последние (время UTC):",
        "27 нояб. 2026, 09:05:07 · 5000000002 · block 7000000001",
    ]
    assert audit.history(7, DEEDS, EN).startswith(
        "What admins have done to user 7, the latest first (times in"
    )
    assert audit.history(7, [], RU) == "В журнале нет записей о пользователе 7."
    assert audit.report([], EN) == "The log of what admins do is empty."


def test_the_longest_audit_log_fits_into_a_message() -> None:
    """Given as many entries as can be asked for, I expect all of them where their texts are as usual, and the
    latest that fit where they are as long as what an admin may write."""
    usual = audit.report([replace(DEEDS[1], what="budget reset", detail="")] * audit.MOST, RU)
    assert usual.count("budget reset") == audit.MOST
    assert arguments.fits(usual)
    long = [replace(DEEDS[0], whom=f"{number} {'🦊' * 2000}") for number in range(audit.MOST)]
    text = audit.report(long, RU)
    assert arguments.fits(text)
    _head, *lines, rest = text.splitlines()
    assert [line.split()[8] for line in lines] == [str(number) for number in range(len(lines))]
    assert rest == f"…и ещё {audit.MOST - len(lines)}"
    assert len(lines) >= 30


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1", 1),
        ("50", 50),
        ("051", None),
        ("51", None),
        ("0", None),
        ("-1", None),
        ("9" * 20, None),
        ("٣", None),
    ],
)
def test_a_number_of_entries_is_bounded(text: str, count: int | None) -> None:
    assert arguments.count(text, audit.MOST) == count


@pytest.mark.parametrize(
    ("tokens", "at", "now", "left"),
    [
        (None, None, 0, 10),
        ("3", "1000", 1000, 3),
        ("3", "1000", 2000, 5),
        ("3", "1000", 60_000, 10),
        ("3", "1000", 0, 3),
    ],
)
def test_a_bucket_fills_with_time_up_to_its_size(
    tokens: str | None, at: str | None, now: float, left: float
) -> None:
    assert filled(Rate(2.0, 10), tokens, at, now) == left


NEWS = Broadcast("b" * 20, "We are back", 1, "en", Phase.RUNNING, 5, total=30, sent=9, unreachable=1)


def test_a_broadcast_shows_how_far_it_is_and_how_it_ended() -> None:
    running = announcement.state(NEWS, EN)
    assert running.text == "Broadcast: 10 of 30.\nSent: 9\nHave blocked the bot, or are gone: 1"
    assert running.keyboard is not None
    done = announcement.state(replace(NEWS, phase=Phase.DONE, failed=2), RU)
    assert done.keyboard is None
    assert done.text.splitlines()[0] == "Рассылка завершена."
    assert done.text.endswith("Не отправлено или неизвестно, дошло ли: 2")


def test_the_question_fits_into_a_message_and_its_buttons_are_understood() -> None:
    view = announcement.question(NEWS.id, "🦊" * 4000, 21, RU)
    assert view.text.startswith("Отправить это 21 человеку?")
    assert len(view.text.encode("utf-16-le")) // 2 <= 4096
    assert view.keyboard is not None
    presses = [announcement.unpack(str(button.callback_data)) for button in view.keyboard.inline_keyboard[0]]
    assert presses == [(Word.SEND, NEWS.id), (Word.DROP, NEWS.id)]
    assert announcement.unpack("broadcast:send:x") is announcement.unpack(None) is None
