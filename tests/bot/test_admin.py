"""What admins write to the bot, what they get, and that nobody else gets it."""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from bot_stage import Message, Scene, bot_program, eventually, stand_program, worker_program
from patience import LONG_S, one_day

from bot.command import Who, given_by
from bot.commands import COMMANDS
from bot.handlers.admin.arguments import day
from chat.texts import texts
from jobs.model import Lane
from ledger import keys
from ledger.admin.audit_log import AuditLog
from ledger.admin.controls import Controls
from ledger.admin.vips import Vips
from ledger.people import People
from stand.telegram.client import TelegramStand

ADMIN, BOSS = 5_000_000_001, 5_000_000_002
"""The second one's Telegram is in Russian."""
ADMINS_OWN = [command.name for command in given_by(Who.ADMINS, COMMANDS)]
"""The names of the commands that only admins may give."""


@pytest.fixture(scope="module")
def prompt_filter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bot's filter file."""
    file = tmp_path_factory.mktemp("filter") / "filter.txt"
    file.write_text("gore\nкровь\n/nud(e|ity)/\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def scene(redis_server: str, prompt_filter: Path) -> Iterator[Scene]:
    """A bot with two admins, for all tests here; each test brings other people of its own."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    settings = {
        "ADMIN_IDS": f"{ADMIN},{BOSS}",
        "PROMPT_FILTER_FILE": str(prompt_filter),
        "USER_RATE_LIMIT": "10/h",
    }
    with (
        stand_program() as stand,
        TelegramStand(stand.url) as client_of_stand,
        bot_program(stand.url, redis_server, settings=settings) as bot,
    ):
        client_of_stand.limits(enabled=False)
        client_of_stand.new_user("Ada", user_id=ADMIN)
        client_of_stand.new_user("Борис", "ru", user_id=BOSS)
        scene = Scene(client_of_stand, redis_server)
        yield scene
        scene.close()
        assert bot.terminate(LONG_S) == 0
        assert '"level": "error"' not in bot.log_text
        assert str(ADMIN) not in bot.log_text


@pytest.fixture
def ann(scene: Scene) -> int:
    """A user whose Telegram is in English."""
    return scene.stand.new_user("Ann")


@pytest.fixture
def ivan(scene: Scene) -> int:
    """A user whose Telegram is in Russian."""
    return scene.stand.new_user("Иван", "ru")


def said(scene: Scene, user: int, text: str, chat: int | None = None) -> str:
    """The text of the bot's answer."""
    return str(scene.ask(user, text, chat)["text"])


# Who is an admin


@pytest.mark.parametrize("command", ADMINS_OWN)
def test_others_get_what_an_unknown_command_gets(scene: Scene, ann: int, ivan: int, command: str) -> None:
    """The close matches of unknown commands name only everybody's commands, so nothing shows through."""
    for user, unknown in ((ann, "I do not know"), (ivan, "Я не знаю команды")):
        answer = said(scene, user, f"/{command} {user} 30")
        assert answer.startswith(f"{unknown} /{command}")
        rest = answer.replace(f"/{command}", "", 1)
        assert not [name for name in ADMINS_OWN if re.search(rf"/{name}\b", rest)]
    assert not Controls(scene.redis).is_blocked(ann)


def test_in_a_group_an_admin_is_like_everybody(scene: Scene, ann: int) -> None:
    group = scene.stand.new_group("Friends", [ADMIN, ann])
    assert said(scene, ADMIN, "/stats@darkroom_bot", group).startswith("I do not know /stats")


def test_the_menu_has_the_commands_in_the_admins_chats_only(scene: Scene) -> None:
    def listed(code: str, **scope: object) -> list[str]:
        fields = {"language_code": code, **({"scope": json.dumps(scope)} if scope else {})}
        return [str(each["command"]) for each in scene.bot_call("getMyCommands", fields)]

    for code in ("", "ru"):
        for admin in (ADMIN, BOSS):
            chat = {"type": "chat", "chat_id": admin}
            eventually(
                lambda chat=chat, code=code: listed(code, **chat) == [*listed(code), *ADMINS_OWN]  # type: ignore[misc]
            )
        assert listed(code) == ["image", "video", "jobs", "cancel", "history", "settings", "help"]


# Bad arguments

BAD = [
    ("/user", "Which user? Write the id, for example: /user 1", "Какого пользователя?"),
    ("/user @ann", "Which user?", "например: /user 1"),
    ("/block -5", "for example: /block 1", "/block 1"),
    ("/unblock 1 2", "for example: /unblock 1", "/unblock 1"),
    ("/pause", "One of: img, vid, vip. For example: /pause img", "Одну из: img, vid, vip"),
    ("/pause deliver", "One of: img, vid, vip", "Какую очередь?"),
    ("/budget week 5", "/budget day 25: US dollars for all jobs", "/budget day 25: доллары США"),
    ("/budget day", "Write one of these", "Напишите так"),
    ("/budget day much", "Write one of these", "Напишите так"),
    ("/budget day -5", "Write one of these", "Напишите так"),
    ("/budget day replicat 5", "There is no budget replicat. There may be one for: all,", "не бывает"),
    (
        "/audit 0",
        "/audit: the latest 10 things that admins",
        "/audit: последние действия администраторов (10)",
    ),
    ("/audit 51", "/audit 50: the latest 50, which is the most", "/audit 50: последние 50"),
    ("/audit user ann", "/audit user 123456789: what", "/audit user 123456789: их"),
    ("/audit 7000000001", "Write one of these", "Напишите так"),
    ("/resume all", "For example: /resume img", "Например: /resume img"),
    ("/vip", "/vip grant 123456789 30", "до даты"),
    ("/vip grant", "Write one of these", "Напишите так"),
    ("/vip grant ann 30", "Write one of these", "Напишите так"),
    ("/vip grant 5 soon", "at most 3650", "не больше 3650"),
    ("/vip grant 5 2020-01-01", "/vip grant 5 2030-12-24", "/vip grant 5 2030-12-24"),
    ("/vip revoke", "Write one of these", "Напишите так"),
    ("/broadcast", "Write the message behind the command", "Напишите текст после команды"),
    ("/broadcast stop", "There is no broadcast under way.", "Сейчас рассылки нет."),
]


def test_bad_arguments_are_answered_with_how_to_write_it(scene: Scene) -> None:
    before = len(AuditLog(scene.redis).latest(1000))
    sent = [(scene.stand.send(ADMIN, text), scene.stand.send(BOSS, text)) for text, _, _ in BAD]
    for (mine, theirs), (_, english, russian) in zip(sent, BAD, strict=True):
        assert english in scene.answer(ADMIN, mine["message_id"])["text"]
        assert russian in scene.answer(BOSS, theirs["message_id"])["text"]
    assert len(AuditLog(scene.redis).latest(1000)) == before


# Users


def test_a_vip_sees_until_when_and_waits_in_the_vip_lane(scene: Scene, ann: int, ivan: int) -> None:
    until = datetime.now(UTC).date() + timedelta(days=30)
    english, russian = day(until, texts("en")), day(until, texts("ru"))
    assert said(scene, ADMIN, f"/vip grant {ann} 30") == f"User {ann} is a VIP until {english}."
    assert said(scene, BOSS, f"/vip grant {ivan} {until}") == f"Пользователь {ivan} теперь VIP до {russian}."
    settings = scene.ask(ann, "/settings")
    assert settings["text"].startswith(f"VIP until {english}\n\nYour settings")
    assert said(scene, ivan, "/settings").startswith(f"VIP до {russian}\n\nВаши настройки")
    scene.press(ann, settings, settings["edits"][-1]["buttons"][0])
    assert scene.answer(ann, settings["message_id"] - 1)["text"].startswith("VIP until")
    assert scene.job(ann).lane is Lane.VIP
    assert f"{ann}: {english}" in said(scene, ADMIN, "/vip list")
    assert said(scene, ADMIN, f"/vip revoke {ann}") == f"User {ann} is no VIP any more."
    assert said(scene, BOSS, f"/vip revoke {ann}") == f"Пользователь {ann} не был VIP."
    assert said(scene, ann, "/settings").startswith("Your settings")
    assert Vips(scene.redis).until(ivan) == until
    assert AuditLog(scene.redis).latest(2)[-1].who == ADMIN


def test_a_blocked_user_is_told_so_and_may_ask_again_afterwards(scene: Scene, ann: int, ivan: int) -> None:
    assert said(scene, ADMIN, f"/block {ann}").startswith(f"User {ann} is blocked")
    assert said(scene, BOSS, f"/block {ann}") == f"Пользователь {ann} уже был заблокирован."
    said(scene, BOSS, f"/block {ivan}")
    assert said(scene, ann, "/image a red fox") == "I take no requests from this account."
    assert said(scene, ivan, "/image a red fox") == "Запросы с этого аккаунта я не принимаю."
    assert scene.jobs(ann) == scene.jobs(ivan) == []
    assert said(scene, BOSS, f"/unblock {ann}") == f"Пользователь {ann} снова может просить."
    assert said(scene, ADMIN, f"/unblock {ann}") == f"User {ann} was not blocked."
    assert scene.job(ann).lane is Lane.IMG


def test_a_users_card(scene: Scene, ann: int) -> None:
    assert "Has never asked me for anything." in said(scene, ADMIN, f"/user {ann}")
    scene.job(ann, "/image a secret fox")
    eventually(lambda: People(scene.redis).get(ann) is not None)
    card = said(scene, ADMIN, f"/user {ann}")
    assert "Language en, last seen" in card
    assert "No VIP\nNot blocked\nRequests left now: 9 of 10\nActive jobs: 1\n· image, img, queued, " in card
    assert "fox" not in card
    assert "Осталось запросов: 9 из 10\nЗадания в работе: 1" in said(scene, BOSS, f"/user {ann}")


def test_start_alone_registers_a_user(scene: Scene, ivan: int) -> None:
    scene.ask(ivan, "/start")
    person = People(scene.redis).get(ivan)
    assert person is not None
    assert (person.language, person.chat, person.reachable) == ("ru", ivan, True)


# The audit log


def test_admins_see_who_did_what_to_whom_and_when(scene: Scene, ann: int) -> None:
    """Given what two admins have done to a user and to others, when an admin asks, I expect the latest first
    in the admin's language, as many as asked for, or those of the user alone; reading leaves no entry."""
    today = datetime.now(UTC).date()
    until = today + timedelta(days=30)
    said(scene, ADMIN, f"/vip grant {ann} {until}")
    said(scene, BOSS, f"/block {ann}")
    said(scene, ADMIN, f"/unblock {ann}")
    said(scene, BOSS, "/pause vid")
    said(scene, ADMIN, "/resume vid")

    done = [
        (ADMIN, "resume vid"),
        (BOSS, "pause vid"),
        (ADMIN, f"unblock {ann}"),
        (BOSS, f"block {ann}"),
        (ADMIN, f"vip grant {ann} {until}"),
    ]

    def entries(text: str, language: str) -> list[tuple[int, str]]:
        """What is listed under the heading; midnight may have come shortly before or during the test."""
        found = []
        for line in text.splitlines()[1:]:
            when, who, what = line.split(" · ")
            days = [day(today + timedelta(days=after), texts(language)) for after in (-1, 0, 1)]
            assert re.fullmatch(rf"({'|'.join(map(re.escape, days))}), \d\d:\d\d:\d\d", when)
            found.append((int(who), what))
        return found

    english, russian = said(scene, ADMIN, "/audit 5"), said(scene, BOSS, "/audit 3")
    assert english.startswith("What admins have done, the latest first (times in UTC):\n")
    assert entries(english, "en") == done
    assert russian.startswith("Действия администраторов, сначала последние (время UTC):\n")
    assert entries(russian, "ru") == done[:3]
    # Earlier tests have left more.
    assert entries(said(scene, ADMIN, "/audit"), "en")[:5] == done
    assert len(said(scene, ADMIN, "/audit").splitlines()) <= 11
    hers = said(scene, ADMIN, f"/AUDIT User {ann}")
    assert hers.startswith(f"What admins have done to user {ann}, the latest first")
    assert entries(hers, "en") == done[2:]
    assert said(scene, BOSS, "/audit user 5") == "В журнале нет записей о пользователе 5."


# Budgets


def test_an_admin_sets_budgets_and_people_are_told_when_there_is_no_room(
    scene: Scene, ann: int, ivan: int
) -> None:
    """Given no budgets, when an admin sets some in the chat, I expect them to hold from then on, to be shown
    with what is used, reserved and left, to be in the log, and those who ask to hear when the next one
    begins."""
    one_day(60)
    scene.forget_requests()
    assert said(scene, ADMIN, "/budget").startswith("There are no budgets.\n\nWrite one of these:")
    assert said(scene, BOSS, "/budget").startswith("Бюджетов нет.")
    try:
        assert (
            said(scene, ADMIN, "/budget day person 0.003") == "The budget day person is $0.003 from now on."
        )
        assert said(scene, BOSS, "/budget day flux-schnell $5") == "Бюджет day flux-schnell теперь $5.00."
        assert said(scene, ADMIN, "/budget month 500") == "The budget month all is $500.00 from now on."
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        scene.job(ann)
        lines = said(scene, ADMIN, "/budget").splitlines()
        ends = f"ends on {day(tomorrow, texts('en'))} at 00:00 UTC, set in the chat"
        assert lines[1] == f"day person: $0.003, for each of them, {ends}"
        # Earlier tests have had jobs too.
        counted = r"used \$[\d.]+, reserved \$[\d.]+, left \$[\d.]+"
        assert re.fullmatch(rf"day flux-schnell: \$5\.00, {counted}, {ends}", lines[0])
        assert re.match(rf"month all: \$500\.00, {counted}, ends on 1 ", lines[2])
        assert re.search(r"потрачено \$[\d.]+, отложено \$", said(scene, BOSS, "/budget"))
        scene.job(ivan, "/image дорогая лиса")
        english, russian = day(tomorrow, texts("en")), day(tomorrow, texts("ru"))
        assert said(scene, ann, "/image a dear fox") == (
            f"Your budget for today does not cover this. The next one starts on {english} at 00:00 UTC."
        )
        assert f"вашего бюджета на сегодня. Новый начнётся {russian} в" in said(scene, ivan, "/image лиса")
    finally:
        assert said(scene, ADMIN, "/budget day person off") == "There is no budget day person any more."
        for name in ("day person", "day flux-schnell", "month"):
            assert "goes by the settings again" in said(scene, ADMIN, f"/budget {name} reset")
    assert said(scene, ADMIN, "/budget day reset") == "The budget day all goes by the settings already."
    deeds = [(deed.who, deed.what, deed.whom, deed.detail) for deed in AuditLog(scene.redis).latest(8)]
    assert deeds[-1] == (ADMIN, "budget", "day person", "$0.003")
    assert (BOSS, "budget", "day flux-schnell", "$5.00") in deeds
    assert (ADMIN, "budget reset", "month all", "") in deeds
    assert said(scene, ann, "/budget").startswith("I do not know /budget")


# Lanes


def test_those_who_wait_in_a_paused_lane_are_told(scene: Scene, ann: int, ivan: int) -> None:
    scene.forget_requests()
    others = scene.redis.zcard(keys.waiting(Lane.VID))
    assert said(scene, ADMIN, "/pause vid").startswith("vid is paused.")
    assert said(scene, BOSS, "/pause VID") == "Очередь vid уже была приостановлена."
    try:
        assert "This queue is paused for a while; your place" in said(scene, ann, "/video waves")
        assert "Эта очередь ненадолго приостановлена" in said(scene, ivan, "/video волны")
        assert "This queue is paused" in said(scene, ann, "/jobs")
        assert "paused" not in said(scene, ann, "/image a red fox")
        assert f"vid: {others + 2} waiting" in said(scene, ADMIN, "/stats")
        assert "on the broker, paused" in said(scene, ADMIN, "/stats")
    finally:
        answer = said(scene, BOSS, "/resume vid")
    assert answer.startswith("Очередь vid снова работает")
    assert said(scene, ADMIN, "/resume vid") == "vid was not paused."
    assert "about" in said(scene, ann, "/video waves at night")


def test_stats_in_both_languages(scene: Scene, ann: int) -> None:
    scene.job(ann)
    english, russian = said(scene, ADMIN, "/stats"), said(scene, BOSS, "/stats")
    for line in ("Jobs now: queued", "img: ", "deliver: 0 waiting, 0 on the broker", "From the cache: 0 of"):
        assert line in english
    for line in ("Задания сейчас: queued", "img: ждут", "у брокера", "Потрачено сегодня"):
        assert line in russian


def test_those_who_have_waited_before_the_pause_are_told_too(
    scene: Scene, redis_server: str, ann: int, ivan: int, tmp_path: Path
) -> None:
    def says(user: int, message: Message, words: str) -> None:
        wanted = message["message_id"]
        scene.stand.wait_message(user, lambda each: each["message_id"] == wanted and words in each["text"])

    mine, theirs = scene.ask(ann, "/video a slow river"), scene.ask(ivan, "/video медленная река")
    says(ann, mine, "about")
    said(scene, ADMIN, "/pause vid")
    with worker_program(scene.stand.base_url, redis_server, tmp_path, {"SWEEP_S": "0.2"}):
        says(ann, mine, "This queue is paused")
        says(ivan, theirs, "Эта очередь ненадолго приостановлена")
        said(scene, ADMIN, "/resume vid")
        says(ann, mine, "about")


# The prompt filter


def test_what_the_filter_forbids_is_refused_politely_however_it_is_asked(
    scene: Scene, ann: int, ivan: int
) -> None:
    def refused() -> int:
        return int(scene.redis.hget(keys.counts(), "prompts_refused") or 0)

    before = refused()
    for text in ("/image a castle of GORE", "/video gore", "gore", "/image nudity --ar 16:9"):
        assert said(scene, ann, text).startswith("That is something I do not make.")
    assert said(scene, ivan, "море и кровь").startswith("Такого я не делаю.")
    assert scene.jobs(ann) == scene.jobs(ivan) == []
    assert refused() == before + 5
    assert "Prompts refused: " in said(scene, ADMIN, "/stats")


def test_replies_and_buttons_are_filtered_too_and_the_file_may_change(
    scene: Scene, ann: int, prompt_filter: Path
) -> None:
    done = scene.finish(scene.job(ann, "/image a fox in a hat"))
    shown = scene.stand.wait_message(ann, lambda each: bool(each["media"]))
    answer = scene.ask(ann, "with gore", reply_to=shown["message_id"])
    assert answer["text"].startswith("That is something I do not make.")
    old = prompt_filter.read_text(encoding="utf-8")
    prompt_filter.write_text(old + "fox\n", encoding="utf-8")
    try:
        for button in ("Again", "Variation", "Animate"):
            pressed = scene.press(ann, shown, button)
            assert pressed["show_alert"]
            assert pressed["text"].startswith("That is something I do not make.")
    finally:
        prompt_filter.write_text(old, encoding="utf-8")
        os.utime(prompt_filter, (1, 1))
    assert [job.id for job in scene.jobs(ann)] == [done.id]


def test_a_broken_filter_stops_the_bot_with_one_sentence(scene: Scene, tmp_path: Path) -> None:
    file = tmp_path / "filter.txt"
    file.write_text("/(/")
    settings = {"PROMPT_FILTER_FILE": str(file)}
    with bot_program("http://127.0.0.1:9", "redis://127.0.0.1:9/0", ready=None, settings=settings) as bot:
        assert bot.wait(LONG_S) == 2
        assert "PROMPT_FILTER_FILE" in bot.log_text
        assert len(bot.log_text.splitlines()) == 1


# /job


def test_the_life_of_a_job_for_admins_alone(scene: Scene, ann: int) -> None:
    """Given a job of Ann's, an admin gets its facts, its events and its words; Ann and others get nothing."""
    job = scene.job(ann, "/image a quokka on parade")
    answer = said(scene, ADMIN, f"/job {job.id.upper()}")
    assert answer.startswith(f"job: {job.id}\nstate: ")
    assert f"user: {ann}\n" in answer
    assert f"answer {job.message}\n" in answer
    assert "prompt: a quokka on parade\n\n+0.000 s · accepted\n" in answer
    assert " · posted" in answer
    assert "quokka" not in said(scene, ann, f"/job {job.id}")


def test_job_says_what_it_needs(scene: Scene) -> None:
    unknown = "abcdefghij234567abcd"
    assert said(scene, ADMIN, f"/job {unknown}") == f"I know no job {unknown}."
    assert said(scene, BOSS, f"/job {unknown}") == f"Задания {unknown} я не знаю."
    for text in ("/job", "/job 7", "/job a b"):
        assert said(scene, ADMIN, text).startswith("Which job? Its id stands on every line of the logs.")
