"""What people write to the bot and press, what they get, and what lands in the ledger and on the broker."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from bot_stage import BOT_ID, Scene, bot_program, eventually, stand_program
from patience import LONG_S

from jobs import ids
from jobs.model import Kind, Lane
from jobs.states import State
from ledger import keys
from stand.telegram.client import TelegramStand

COMMANDS = ("/image", "/video", "/jobs", "/cancel", "/history", "/settings")


@pytest.fixture(scope="module")
def scene(redis_server: str) -> Iterator[Scene]:
    """A bot for all tests here; each test brings people of its own."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    with (
        stand_program() as stand,
        TelegramStand(stand.url) as client_of_stand,
        bot_program(stand.url, redis_server) as bot,
    ):
        client_of_stand.limits(enabled=False)
        scene = Scene(client_of_stand, redis_server)
        yield scene
        scene.close()
        assert bot.terminate(LONG_S) == 0
        assert '"level": "error"' not in bot.log_text
        # As a word: the letters may stand in a job's id.
        assert not re.search(r"\bfox\b", bot.log_text)


@pytest.fixture
def ann(scene: Scene) -> int:
    """A user whose Telegram is in English."""
    return scene.stand.new_user("Ann")


@pytest.fixture(autouse=True)
def requests_of_their_own(scene: Scene) -> None:
    """Earlier tests' unfinished jobs are not shared."""
    scene.forget_requests()


@pytest.fixture
def ivan(scene: Scene) -> int:
    """A user whose Telegram is in Russian."""
    return scene.stand.new_user("Иван", "ru")


def buttons(message: dict[str, object]) -> list[str]:
    """The labels under a message."""
    return list(message["edits"][-1]["buttons"])  # type: ignore[index]


# Talking


@pytest.mark.parametrize(
    ("command", "english", "russian"),
    [("/start", "Hello", "Привет"), ("/help", "Write what", "Напишите, что")],
)
def test_start_and_help_speak_the_users_language(
    scene: Scene, ann: int, ivan: int, command: str, english: str, russian: str
) -> None:
    assert scene.ask(ann, command)["text"].startswith(english)
    assert scene.ask(ivan, command)["text"].startswith(russian)


def test_help_names_every_command_and_the_options_of_ones_models(scene: Scene, ann: int) -> None:
    text = scene.ask(ann, "/help")["text"]
    assert [word for word in (*COMMANDS, "--ar", "--seed") if word not in text] == []
    assert "--no" not in text
    scene.choose(ann, "model:image", "stable-diffusion-3")
    assert "--no text for what to leave out (pictures only)" in scene.ask(ann, "/help")["text"]


def test_the_commands_are_listed_in_both_languages(scene: Scene) -> None:
    def first(code: str) -> str:
        commands = scene.bot_call("getMyCommands", {"language_code": code} if code else {})
        assert {f"/{each['command']}" for each in commands} >= set(COMMANDS)
        return str(commands[0]["description"])

    assert first("") == "Make a picture of your words"
    assert first("ru") == "Нарисовать по описанию"


BAD_INPUT = [
    ("/image", "What shall I make?", "Что нарисовать?"),
    ("/image --ar 1:1", "What shall I make?", "Что нарисовать?"),
    ("/image@darkroom_bot  ", "What shall I make?", "Что нарисовать?"),
    ("/video", "What should the video show?", "Что снять?"),
    ("/video --ar 16:9", "What should the video show?", "Что снять?"),
    ("x" * 1600, "1600 characters, and I can take 1500", "1600, а я понимаю до 1500"),
    ("/image a fox --arr 1:1", "Did you mean --ar?", "Может быть, --ar?"),
    ("/image a fox --quality 5", "takes --ar, --seed", "понимает --ar, --seed"),
    ("/image a fox --no text", "choose Stable Diffusion 3 in /settings", "модель Stable Diffusion 3"),
    ("/image a fox --ar 5:4", "Choose one of: 1:1, 16:9", "Выберите одно из: 1:1, 16:9"),
    ("/video waves --no text", "does not take --no. Leave it out.", "не понимает --no. Уберите его."),
    ("/video waves --ar 3:2", "Choose one of: 16:9", "Выберите одно из: 16:9"),
    ("/image a fox --seed -1", "from 0 to 2147483647", "от 0 до 2147483647"),
    ("/imagine a fox", "Did you mean /image?", "Может быть, /image?"),
    ("/xyzzy", "Send /help", "/help"),
]


def test_bad_input_is_answered_helpfully_and_makes_no_job(scene: Scene, ann: int, ivan: int) -> None:
    said = [(scene.stand.send(ann, text), scene.stand.send(ivan, text)) for text, _, _ in BAD_INPUT]
    for (mine, theirs), (_, english, russian) in zip(said, BAD_INPUT, strict=True):
        assert english in scene.answer(ann, mine["message_id"])["text"]
        assert russian in scene.answer(ivan, theirs["message_id"])["text"]
    assert scene.jobs(ann) == scene.jobs(ivan) == []


@pytest.mark.parametrize("kind", ["429", "500"])
def test_an_answer_that_telegram_did_not_post_is_sent_again(scene: Scene, ann: int, kind: str) -> None:
    scene.stand.fault(kind, method="sendMessage", chat=ann, retry_after=1, times=2)
    assert "What shall I make?" in scene.ask(ann, "/image")["text"]
    told = [each for each in scene.stand.messages(ann) if each["from"]["is_bot"]]
    assert len(told) == 1


def test_media_is_answered_with_what_to_send_instead(scene: Scene, ann: int, ivan: int) -> None:
    sticker = scene.stand.sticker(ann)
    photo = scene.stand.photo(ivan)
    assert "from words alone" in scene.answer(ann, sticker["message_id"])["text"]
    assert "только слова" in scene.answer(ivan, photo["message_id"])["text"]


def test_an_edit_does_not_change_a_job_and_says_so_once(scene: Scene, ann: int) -> None:
    """Given a request, when its words are edited twice, I expect one answer and the job as it was."""
    said = scene.stand.send(ann, "a red fox --ar 16:9")
    scene.answer(ann, said["message_id"])
    for text in ("a blue fox --ar 16:9", "a green fox --ar 16:9"):
        scene.stand.edit(ann, said["message_id"], text)
    scene.ask(ann, "/jobs")
    told = [each["text"] for each in scene.stand.messages(ann) if each["from"]["is_bot"]]
    assert len([text for text in told if "An edit does not change a job" in text]) == 1
    assert [job.request.prompt for job in scene.jobs(ann)] == ["a red fox"]


@pytest.mark.parametrize("text", ["/image a red fox --ar 16:9", "a red fox —seed 7", "/help", "hello /there"])
def test_an_edit_that_changes_no_word_is_not_answered(scene: Scene, ann: int, text: str) -> None:
    """Given a message that Telegram calls edited though its words are the same, as it does for reactions and
    previews, I expect no word; the ratio chosen in /settings makes no difference."""
    scene.choose(ann, "ar:image", "3:2")
    said = scene.stand.send(ann, text)
    scene.answer(ann, said["message_id"])
    for _ in range(2):
        scene.stand.edit(ann, said["message_id"], text)
    scene.ask(ann, "/jobs")
    told = [each["text"] for each in scene.stand.messages(ann) if each["from"]["is_bot"]]
    assert len(told) == 2, told


def test_an_option_that_was_edited_is_an_edit(scene: Scene, ann: int) -> None:
    said = scene.stand.send(ann, "a red fox --seed 7")
    scene.answer(ann, said["message_id"])
    scene.stand.edit(ann, said["message_id"], "a red fox --seed 8")
    scene.stand.wait_message(ann, lambda each: "An edit does not change a job" in each.get("text", ""))


# Asking


def test_a_request_becomes_one_job_one_status_message_and_one_message_on_the_broker(
    scene: Scene, ann: int
) -> None:
    said = scene.stand.send(ann, "/image a red fox in the snow --ar 16:9 —seed 42")
    shown = scene.answer(ann, said["message_id"])
    job = scene.job_of(shown, ann)
    assert re.fullmatch(r"Queued #\d+, about \d+ (s|min)", shown["text"])
    assert buttons(shown) == ["Cancel"]
    assert job.id == ids.from_message(BOT_ID, ann, said["message_id"])
    assert (job.state, job.lane, job.message) == (State.QUEUED, Lane.IMG, shown["message_id"])
    assert (job.origin.user, job.origin.chat, job.origin.reply_to) == (ann, ann, said["message_id"])
    assert (job.request.prompt, job.request.model) == ("a red fox in the snow", "flux-schnell")
    assert (dict(job.request.options), job.request.seed) == ({"ar": "16:9", "seed": 42}, 0)
    assert scene.on_broker(job.id, Lane.IMG) == 1


def test_plain_words_are_a_picture_and_a_seed_is_drawn(scene: Scene, ivan: int) -> None:
    job = scene.job(ivan, "рыжая лиса\nна снегу")
    assert (job.request.kind, job.request.prompt) == (Kind.IMAGE, "рыжая лиса на снегу")
    assert job.origin.language == "ru"
    assert 0 < job.request.seed <= 2147483647


def test_a_video_waits_in_the_lane_of_videos(scene: Scene, ann: int) -> None:
    job = scene.job(ann, "/VIDEO waves at night")
    assert (job.request.kind, job.lane, job.request.model) == (Kind.VIDEO, Lane.VID, "seedance-lite")
    assert scene.on_broker(job.id, Lane.VID) == 1


def test_a_status_message_that_comes_after_the_result_is_taken_back(scene: Scene, ann: int) -> None:
    """Given a chat that Telegram makes wait, when its job is done first, I expect no "Queued" beside it."""
    scene.stand.fault("delay", method="sendMessage", chat=ann, seconds=1)
    scene.stand.send(ann, "a red fox")
    eventually(lambda: [job.state for job in scene.jobs(ann)] == [State.QUEUED])
    scene.finish(scene.jobs(ann)[0], file_id="of a message of its own")
    eventually(lambda: [each["deleted"] for each in scene.stand.messages(ann)] == [False, True])
    assert scene.jobs(ann)[0].message == 0


# Cancelling


def message_of(scene: Scene, chat: int, message: dict[str, object]) -> dict[str, Any]:
    """A message as it stands now."""
    return next(each for each in scene.stand.messages(chat) if each["message_id"] == message["message_id"])


def test_cancel_ends_a_waiting_job_and_has_the_chat_told(scene: Scene, ann: int) -> None:
    shown = scene.ask(ann, "a red fox")
    job = scene.job_of(shown, ann)
    assert scene.press(ann, shown, "Cancel")["text"] == "Cancelled."
    ended = scene.ledger.get(job.id)
    assert ended is not None
    assert ended.state is State.CANCELLED
    eventually(lambda: scene.on_broker(job.id, Lane.DELIVER) == 1)
    assert "has ended already" in scene.press(ann, shown, "Cancel")["text"]


def test_cancel_takes_a_status_message_away_whose_job_ended_elsewhere(scene: Scene, ann: int) -> None:
    """Given a status message that the ledger does not know (the bot was cut off before it noted it), and a
    job whose end is in another message, when Cancel is pressed, I expect the word that it has ended, and
    the message gone."""
    shown = scene.ask(ann, "a red fox")
    job = scene.job_of(shown, ann)
    scene.redis.hset(keys.job(job.id), mapping={"message": 999_999, "at:told": 1, "state": "cancelled"})
    assert "has ended already" in scene.press(ann, shown, "Cancel")["text"]
    eventually(lambda: message_of(scene, ann, shown)["deleted"])


def test_cancel_ties_a_status_message_to_its_job_that_nobody_noted(scene: Scene, ann: int) -> None:
    """Given such a message of a job on its way, when Cancel is pressed, I expect the job's end to come in it;
    a list of jobs, which has buttons to cancel too, is never taken for one."""
    shown = scene.ask(ann, "a red fox")
    job = scene.job_of(shown, ann)
    scene.redis.hdel(keys.job(job.id), "message")
    listed = scene.ask(ann, "/jobs")
    [button] = buttons(listed)
    scene.press(ann, listed, button)
    unknown = scene.ledger.get(job.id)
    assert unknown is not None
    assert unknown.message == 0
    scene.press(ann, shown, "Cancel")
    known = scene.ledger.get(job.id)
    assert known is not None
    assert known.message == shown["message_id"]
    assert not message_of(scene, ann, shown)["deleted"]


def test_in_a_group_only_the_owner_can_cancel(scene: Scene, ann: int, ivan: int) -> None:
    group = scene.stand.new_group("Friends", [ann, ivan])
    shown = scene.ask(ann, "/image a red fox", group)
    job = scene.job_of(shown, group)
    refused = scene.press(ivan, shown, "Cancel", group)
    assert (refused["show_alert"], "только тот, кто" in refused["text"]) == (True, True)
    assert [each.state for each in scene.jobs(ann)] == [State.QUEUED]
    assert scene.press(ann, shown, "Cancel", group)["text"] == "Cancelled."
    assert [each.id for each in scene.jobs(ann) if each.state is State.CANCELLED] == [job.id]


def test_cancel_as_a_command_takes_one_asks_which_of_several_or_takes_all(scene: Scene, ann: int) -> None:
    assert "nothing for you right now" in scene.ask(ann, "/cancel")["text"]
    scene.job(ann)
    assert scene.ask(ann, "/cancel")["text"] == "Cancelled."
    several = [scene.job(ann, f"fox number {number}") for number in range(3)]
    asked = scene.ask(ann, "/cancel")
    assert "Which one?" in asked["text"]
    assert scene.press(ann, asked, "Cancel 2")["text"] == "Cancelled."
    assert scene.users.active(ann) == [several[0], several[2]]
    assert scene.ask(ann, "/cancel", reply_to=several[2].message)["text"] == "Cancelled."
    scene.job(ann, "one more fox")
    assert scene.ask(ann, "/cancel all")["text"] == "Cancelled 2 jobs."
    assert scene.users.active(ann) == []


def test_jobs_lists_what_is_being_made_with_a_button_each(scene: Scene, ann: int, ivan: int) -> None:
    assert "nothing for you right now" in scene.ask(ann, "/jobs")["text"]
    scene.job(ann, "a red fox")
    scene.job(ann, "/video a blue whale")
    listed = scene.ask(ann, "/jobs")
    assert re.search(
        r"2 jobs on their way:\n1\. a red fox\n +Queued #.*\n2\. a blue whale\n +Queued #", listed["text"]
    )
    assert buttons(listed) == ["Cancel 1", "Cancel 2"]
    group = scene.stand.new_group("Friends", [ann, ivan])
    assert "nothing for you right now" in scene.ask(ann, "/jobs", group)["text"], (
        "a group learns of nothing else"
    )


# A kind without words


def kinds(scene: Scene, user: int) -> list[tuple[Kind, str]]:
    """What the user has asked for, newest first."""
    return [(job.request.kind, job.request.prompt) for job in scene.jobs(user)]


def test_words_after_a_bare_video_are_one_video(scene: Scene, ann: int) -> None:
    """Given `/video` without words, when plain words follow, I expect a video of the first of them, after a
    mistake in them too, and a picture of the next."""
    asked = scene.ask(ann, "/video")
    assert "What should the video show?" in asked["text"]
    assert asked["asks"] == "waves at night"
    assert "Choose one of" in scene.ask(ann, "waves at night --ar 3:2")["text"]
    scene.ask(ann, "waves at night")
    scene.ask(ann, "a red fox")
    assert kinds(scene, ann) == [(Kind.IMAGE, "a red fox"), (Kind.VIDEO, "waves at night")]


def test_a_question_that_was_overtaken_is_forgotten(scene: Scene, ann: int) -> None:
    """Given `/video` without words, when a whole command comes next, I expect plain words to be a picture."""
    scene.ask(ann, "/video")
    scene.ask(ann, "/image a red fox")
    scene.ask(ann, "a blue fox")
    assert kinds(scene, ann) == [(Kind.IMAGE, "a blue fox"), (Kind.IMAGE, "a red fox")]


def test_a_question_is_remembered_for_a_while_only(scene: Scene, ann: int) -> None:
    scene.ask(ann, "/video")
    assert 0 < scene.redis.ttl(keys.asked_for(ann)) <= 600
    scene.redis.delete(keys.asked_for(ann))
    scene.ask(ann, "a red fox")
    assert kinds(scene, ann) == [(Kind.IMAGE, "a red fox")]


def test_a_reply_to_the_question_keeps_its_kind(scene: Scene, ann: int, ivan: int) -> None:
    """Given the question about a video, in a private chat long ago or in a group, when somebody replies to
    it, I expect a video."""
    asked = scene.ask(ann, "/video")
    scene.redis.delete(keys.asked_for(ann))
    scene.ask(ann, "waves at dusk", reply_to=asked["message_id"])
    assert kinds(scene, ann) == [(Kind.VIDEO, "waves at dusk")]
    group = scene.stand.new_group("Friends", [ann, ivan])
    asked = scene.ask(ivan, "/video", group)
    scene.ask(ivan, "волны на закате", group, reply_to=asked["message_id"])
    assert kinds(scene, ivan) == [(Kind.VIDEO, "волны на закате")]


# Going on from a result


def test_again_draws_a_new_seed_and_variation_keeps_it(scene: Scene, ann: int) -> None:
    shown = scene.ask(ann, "a red fox --ar 16:9")
    first = scene.finish(scene.job_of(shown, ann))
    scene.press(ann, shown, "Again")
    scene.press(ann, shown, "Variation")
    variation, again, _ = scene.jobs(ann)
    assert (again.request.prompt, dict(again.request.options)) == ("a red fox", {"ar": "16:9"})
    assert again.request.seed not in (0, first.request.seed)
    assert again.origin.reply_to == shown["message_id"]
    assert variation.request.seed == first.request.seed
    assert variation.request.prompt.startswith("a red fox, ")
    eventually(lambda: [scene.on_broker(job.id, Lane.IMG) for job in (again, variation)] == [1, 1])


@pytest.mark.parametrize("button", ["Again", "Variation", "Animate"])
def test_a_double_tap_is_one_press(scene: Scene, ann: int, ivan: int, button: str) -> None:
    """Given two presses of a button at once, I expect one job; another person's press is another one."""
    group = scene.stand.new_group("Friends", [ann, ivan])
    shown = scene.ask(ann, "/image a red fox", group)
    scene.finish(scene.job_of(shown, group))
    presses = [scene.stand.press(ann, shown["message_id"], button, group) for _ in range(2)]
    assert [scene.stand.press_answer(each)["text"] for each in presses] == [None, None]
    assert len(scene.jobs(ann)) == 2
    scene.press(ivan, shown, button, group)
    assert len(scene.jobs(ivan)) == 1


def test_animate_makes_a_video_of_the_picture(scene: Scene, ann: int) -> None:
    shown = scene.ask(ann, "a red fox")
    scene.finish(scene.job_of(shown, ann))
    scene.press(ann, shown, "Animate")
    video, picture = scene.jobs(ann)
    assert (video.request.kind, video.request.source) == (Kind.VIDEO, picture.id)
    assert video.lane is Lane.VID


def test_a_reply_to_a_result_goes_on_from_its_prompt(scene: Scene, ann: int) -> None:
    first = scene.finish(scene.job(ann, "a red fox --ar 16:9 --seed 42"))
    scene.ask(ann, "in the snow --ar 1:1", reply_to=first.message)
    scene.ask(ann, "/video at night", reply_to=first.message)
    video, picture, _ = scene.jobs(ann)
    assert picture.request.prompt == "a red fox, in the snow"
    assert dict(picture.request.options) == {"ar": "1:1", "seed": 42}
    assert (video.request.kind, video.request.prompt) == (Kind.VIDEO, "a red fox, at night")
    assert dict(video.request.options) == {"ar": "16:9", "seed": 42}


def test_a_reply_to_a_job_under_way_is_asked_to_wait(scene: Scene, ann: int) -> None:
    job = scene.job(ann)
    assert "not ready yet" in scene.ask(ann, "in the snow", reply_to=job.message)["text"]
    assert len(scene.jobs(ann)) == 1


def test_a_button_of_a_job_that_is_gone_says_so(scene: Scene, ann: int) -> None:
    shown = scene.ask(ann, "a red fox")
    job = scene.finish(scene.job_of(shown, ann))
    scene.redis.delete(keys.job(job.id))
    answer = scene.press(ann, shown, "Again")
    assert (answer["show_alert"], "no longer have this one" in answer["text"]) == (True, True)


@pytest.mark.parametrize("action", ["again", "vary", "animate", "show", "cancel"])
def test_a_forged_button_reaches_nobody_elses_job(scene: Scene, ann: int, ivan: int, action: str) -> None:
    """Ids can be guessed and a client can press what it likes: a job is for those who can see it."""
    job = scene.finish(scene.job(ann))
    answer = scene.press(ivan, scene.with_button(ivan, f"{action}:{job.id}"), "x")
    assert answer["text"]
    assert scene.jobs(ivan) == []
    assert len(scene.stand.messages(ivan)) == 1


def test_a_button_that_nothing_knows_is_answered(scene: Scene, ann: int) -> None:
    message = scene.with_button(ann, "of another time")
    assert "out of date" in scene.press(ann, message, "x")["text"]


# History


def test_history_shows_results_again(scene: Scene, ann: int) -> None:
    assert "Nothing here yet" in scene.ask(ann, "/history")["text"]
    first = scene.finish(scene.job(ann, "a red fox"))
    scene.job(ann, "a blue whale")
    listed = scene.ask(ann, "/history")
    assert "1. ⏳ a blue whale\n2. 🖼 a red fox" in listed["text"]
    assert buttons(listed) == ["2"]
    assert scene.press(ann, listed, "2")["text"] is None
    once_more = scene.answer(ann, listed["message_id"])
    original = next(each for each in scene.stand.messages(ann) if each["message_id"] == first.message)
    assert once_more["media"]["file_unique_id"] == original["media"]["file_unique_id"]
    assert buttons(once_more) == ["Again", "Variation", "Animate"]
    scene.ask(ann, "in the snow", reply_to=once_more["message_id"])
    assert scene.jobs(ann)[0].request.prompt == "a red fox, in the snow"


def test_a_past_result_that_telegram_does_not_take_is_said_to_be_gone(scene: Scene, ann: int) -> None:
    """Given a result of which Telegram knows the file no longer, and a store without links, I expect the
    press answered with what to do."""
    job = scene.finish(scene.job(ann, "a red fox"))
    scene.redis.hset(keys.job(job.id), "file_id", "AgACAgIforeign")
    listed = scene.ask(ann, "/history")
    answer = scene.press(ann, listed, "1")
    assert answer["show_alert"]
    assert "Ask for it anew" in answer["text"]


def test_history_has_pages(scene: Scene, ann: int) -> None:
    for number in range(12):
        scene.stand.send(ann, f"fox {number}")
    eventually(lambda: len(scene.jobs(ann)) == 12)
    listed = scene.ask(ann, "/history")
    assert len(re.findall(r"^\d+\. ", listed["text"], re.MULTILINE)) == 10
    scene.press(ann, listed, "Earlier →")
    page = scene.stand.wait_message(ann, lambda each: each.get("text", "").endswith(("fox 0", "fox 1")))
    assert page["message_id"] == listed["message_id"]
    assert "11. " in page["text"]
    assert buttons(page) == ["← Later"]


def test_a_groups_history_holds_what_was_made_there(scene: Scene, ann: int, ivan: int) -> None:
    group = scene.stand.new_group("Friends", [ann, ivan])
    scene.finish(scene.job(ann, "a secret fox"))
    scene.finish(scene.job(ann, "/image a red fox", group))
    listed = scene.ask(ann, "/history", group)
    assert "secret" not in listed["text"]
    refused = scene.press(ivan, listed, "1", group)
    assert (refused["show_alert"], "чужой список" in refused["text"]) == (True, True)
    assert scene.press(ann, listed, "1", group)["text"] is None
    assert scene.answer(group, listed["message_id"])["media"]["kind"] == "photo"


# Settings


def test_settings_last_and_are_used(scene: Scene, ann: int) -> None:
    shown = scene.ask(ann, "/settings")
    assert buttons(shown) == [
        "Picture model: FLUX schnell",
        "Picture ratio: Default",
        "Video model: Seedance 1 lite",
        "Video ratio: Default",
    ]
    scene.press(ann, shown, "Picture model: FLUX schnell")
    assert scene.press(ann, shown, "Stable Diffusion 3")["text"] == "Saved."
    scene.press(ann, shown, "Picture ratio: Default")
    opened = scene.stand.wait_message(ann, lambda each: "✓ Default" in buttons(each))
    assert buttons(opened) == ["✓ Default", "1:1", "16:9", "9:16", "3:2", "2:3", "21:9", "Back"]
    scene.press(ann, shown, "3:2")
    job = scene.job(ann, "a red fox --no text")
    assert job.request.model == "stable-diffusion-3"
    assert dict(job.request.options) == {"ar": "3:2", "no": "text"}
    assert dict(scene.job(ann, "a red fox --ar 1:1").request.options) == {"ar": "1:1"}
    later = scene.ask(ann, "/settings")
    assert buttons(later)[:2] == ["Picture model: Stable Diffusion 3", "Picture ratio: 3:2"]


def test_buttons_of_an_older_catalogue_are_told_apart(scene: Scene, ann: int) -> None:
    message = scene.with_button(ann, "choose:model:image=gone")
    assert "Send /settings" in scene.press(ann, message, "x")["text"]
    assert scene.choices(ann) == {}


@pytest.mark.parametrize(
    ("fault", "words", "said"),
    [
        ("400", "Bad Request: message to edit not found", "This button is out of date"),
        ("400", "Bad Request: SOMETHING_NEW", "Something went wrong on my side"),
        ("403", "Forbidden: bot was kicked from the supergroup chat", "Something went wrong on my side"),
    ],
)
def test_a_press_whose_handler_fails_is_answered_all_the_same(
    scene: Scene, ann: int, fault: str, words: str, said: str
) -> None:
    """Given a list of settings that cannot be edited (any more), I expect the press answered, and so no
    progress bar for ever."""
    shown = scene.ask(ann, "/settings")
    scene.stand.fault(fault, method="editMessageText", chat=ann, description=words)
    answer = scene.press(ann, shown, shown["edits"][-1]["buttons"][0])
    assert answer["show_alert"]
    assert said in answer["text"]


def test_settings_in_a_group_are_those_of_whoever_asked(scene: Scene, ann: int, ivan: int) -> None:
    group = scene.stand.new_group("Friends", [ann, ivan])
    shown = scene.ask(ann, "/settings", group)
    refused = scene.press(ivan, shown, "Picture ratio: Default", group)
    assert (refused["show_alert"], "чужие настройки" in refused["text"]) == (True, True)


# Groups


def test_in_a_group_the_bot_answers_only_what_is_meant_for_it(scene: Scene, ann: int, ivan: int) -> None:
    group = scene.stand.new_group("Friends", [ann, ivan])
    for text in ("hello all", "/image@other_bot a fox", "/unknown"):
        scene.stand.send(ivan, text, group)
    edited = scene.stand.send(ivan, "a typo", group)
    scene.stand.edit(ivan, edited["message_id"], "no typo", group)
    scene.stand.sticker(ivan, group)
    shown = scene.ask(ann, "/image@darkroom_bot a red fox", group)
    assert [each["message_id"] for each in scene.stand.messages(group) if each["from"]["is_bot"]] == [
        shown["message_id"]
    ]
    job = scene.job_of(shown, group)
    assert (job.origin.chat, job.origin.user) == (group, ann)


def test_in_a_group_only_a_reply_to_ones_own_result_is_a_request(scene: Scene, ann: int, ivan: int) -> None:
    """Given a result, a list and an error in a group, when people reply to them, I expect a request where
    whoever asked for the result goes on from it, and silence for thanks, questions and everything else."""
    group = scene.stand.new_group("Friends", [ann, ivan])
    shown = scene.ask(ann, "/image a red fox", group)
    first = scene.finish(scene.job_of(shown, group))
    listed = scene.ask(ann, "/history", group)
    refused = scene.ask(ann, "/image a fox --arr 1:1", group)
    for target in (listed, refused, shown):
        scene.stand.send(ivan, "make it darker", group, reply_to=target["message_id"])
    for target in (listed, refused):
        scene.stand.send(ann, "make it darker", group, reply_to=target["message_id"])
    for text in ("nice one", "🔥", "who made this?"):
        scene.stand.send(ann, text, group, reply_to=first.message)
    scene.ask(ann, "make it blue", group, reply_to=first.message)
    assert [job.request.prompt for job in scene.jobs(ann)] == ["a red fox, make it blue", "a red fox"]
    assert scene.jobs(ivan) == []
    assert len([each for each in scene.stand.messages(group) if each["from"]["is_bot"]]) == 4


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("@darkroom_bot /video waves", Kind.VIDEO),
        ("@darkroom_bot, /image waves", Kind.IMAGE),
        ("@darkroom_bot waves", Kind.IMAGE),
    ],
)
def test_a_command_may_stand_behind_the_bots_name(scene: Scene, ann: int, text: str, kind: Kind) -> None:
    group = scene.stand.new_group("Friends", [ann], open_=True)
    scene.ask(ann, text, group)
    assert kinds(scene, ann) == [(kind, "waves")]
    assert "waves" in scene.ask(ann, "@darkroom_bot /jobs", group)["text"]
    assert len(scene.jobs(ann)) == 1


def test_a_command_is_for_the_bot_that_it_names(scene: Scene, ann: int) -> None:
    """Given commands for another bot, in private too, I expect silence; an unknown one that names this bot is
    answered, whatever stands behind it."""
    group = scene.stand.new_group("Friends", [ann], open_=True)
    for chat in (ann, group):
        for text in ("/image@OtherBot a fox", "/draw@OtherBot\na fox"):
            scene.stand.send(ann, text, chat)
        assert "Send /help" in scene.ask(ann, "/xyzzy@darkroom_bot\na fox", chat)["text"]
        assert len([each for each in scene.stand.messages(chat) if each["from"]["id"] == BOT_ID]) == 1
    assert scene.jobs(ann) == []


@pytest.mark.parametrize("caption", ["/image@darkroom_bot make it blue", "make it blue, @Darkroom_bot"])
def test_in_a_group_a_caption_that_names_the_bot_is_answered(scene: Scene, ann: int, caption: str) -> None:
    group = scene.stand.new_group("Friends", [ann], open_=True)
    for other in ("look at this", "/image@OtherBot make it blue", "by @ann"):
        scene.stand.photo(ann, group, caption=other)
    photo = scene.stand.photo(ann, group, caption=caption)
    assert "from words alone" in scene.answer(group, photo["message_id"])["text"]
    assert len([each for each in scene.stand.messages(group) if each["from"]["is_bot"]]) == 1


def test_in_a_group_a_reply_that_names_the_bot_is_a_request(scene: Scene, ann: int, ivan: int) -> None:
    """Also with the bot's name as apps put it there."""
    group = scene.stand.new_group("Friends", [ann, ivan])
    first = scene.finish(scene.job(ann, "/image a red fox", group))
    scene.ask(ivan, "@Darkroom_Bot in the snow", group, reply_to=first.message)
    [job] = scene.jobs(ivan)
    assert (job.request.prompt, job.origin.language) == ("a red fox, in the snow", "ru")
