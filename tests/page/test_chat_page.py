"""What is said in a chat, as people see it on the page."""

import contextlib
import json

import pytest
from playwright.sync_api import expect

from stand.telegram.client import TelegramStand

from .conftest import OpenPage, running_stand
from .looks import Address, message
from .scripted_bot import ScriptedBot, clip, picture

pytestmark = [pytest.mark.page, pytest.mark.long]

EVIL = "<b>Eve</b><img src=x onerror='window.caught=1'>"
CANCEL = {"inline_keyboard": [[{"text": "Cancel", "callback_data": "cancel"}]]}
PLAYS = "video => video.readyState >= 2 && video.currentTime > 0"


def test_a_newcomer_is_told_what_to_write_and_sees_the_answer_live(open_page: OpenPage) -> None:
    """Given a fresh stand and a Russian browser, when I open the page and send what it suggests, I expect
    the bot to get it from a Russian-speaking Ann, and its answer and edits to appear by themselves."""
    with running_stand() as url, contextlib.closing(ScriptedBot(url)) as bot:
        page = open_page(url, locale="ru-RU")
        page.evaluate("window.neverReloaded = true")
        expect(page.get_by_test_id("composer")).to_be_focused()

        page.get_by_role("button", name="/image a red fox in the snow").click()
        page.get_by_test_id("composer").press("Enter")

        asked = bot.next("message")
        assert asked["text"] == "/image a red fox in the snow"
        assert (asked["from"]["first_name"], asked["from"]["language_code"]) == ("Ann", "ru")
        expect(message(page, asked["message_id"])).to_contain_text("/image a red fox in the snow")
        expect(page.get_by_test_id("empty")).to_have_count(0)

        chat = asked["chat"]["id"]
        status = bot.say(chat, "queued #2", reply_parameters={"message_id": asked["message_id"]})
        expect(message(page, status).get_by_test_id("text")).to_have_text("queued #2")
        expect(message(page, status).get_by_test_id("quote")).to_contain_text("/image a red fox")

        bot.edit(chat, status, "drawing 40 %")
        expect(message(page, status).get_by_test_id("text")).to_have_text("drawing 40 %")
        expect(message(page, status).get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
        expect(message(page, status).get_by_test_id("edited")).to_be_visible()
        assert page.evaluate("window.neverReloaded")


def test_a_picture_takes_the_place_of_the_progress(
    stand: TelegramStand, bot: ScriptedBot, address_of: Address, open_page: OpenPage
) -> None:
    """Given a status message at 80 %, when the bot edits a photo into it, I expect the photo in the same
    message, the words of the progress gone, and the photo in the light box on a click."""
    ann = stand.new_user()
    page = open_page(address_of(ann), reduced_motion="no-preference")
    status = bot.say(ann, "drawing 80 %", reply_markup=CANCEL)
    expect(message(page, status).get_by_test_id("progress")).to_be_visible()
    bot.call("sendChatAction", chat_id=ann, action="upload_photo")
    expect(page.get_by_test_id("status")).to_contain_text("sending a photo")

    bot.develop(ann, status, "a red fox in the snow")

    photo = message(page, status).get_by_test_id("photo")
    expect(photo).to_be_visible()
    assert photo.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    expect(message(page, status).get_by_test_id("text")).to_have_text("a red fox in the snow")
    expect(message(page, status).get_by_test_id("progress")).to_have_count(0)
    expect(message(page, status).get_by_test_id("keyboard")).to_have_count(0)
    expect(page.get_by_test_id("status")).to_have_text("bot")
    expect(page.get_by_test_id("message")).to_have_count(1)

    photo.click()
    expect(page.get_by_test_id("lightbox").get_by_role("img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("lightbox")).to_have_count(0)


def test_a_video_plays_by_itself_and_a_file_can_be_downloaded(
    stand: TelegramStand, bot: ScriptedBot, address_of: Address, open_page: OpenPage
) -> None:
    """Given an open chat, when the bot sends an MP4, I expect it to play muted and in a loop; when it sends
    a file, I expect a card that downloads exactly its bytes."""
    ann = stand.new_user()
    page = open_page(address_of(ann))
    bot.call("sendVideo", {"video": ("waves.mp4", clip(), "video/mp4")}, chat_id=ann, caption="waves")

    video = page.get_by_test_id("video")
    expect(video).to_be_visible()
    page.wait_for_function(PLAYS, arg=video.element_handle(), timeout=8_000)
    assert video.evaluate("v => [v.muted, v.loop, v.controls, v.videoWidth]") == [True, True, True, 160]

    data = picture(64, 64)
    bot.call("sendDocument", {"document": ("fox-full.png", data, "image/png")}, chat_id=ann)
    card = page.get_by_test_id("document")
    expect(card).to_contain_text("fox-full.png")
    with page.expect_download() as download:
        card.click()
    assert download.value.suggested_filename == "fox-full.png"
    assert download.value.path().read_bytes() == data


def test_a_pressed_button_waits_for_the_bot_and_shows_its_answer(
    stand: TelegramStand, bot: ScriptedBot, address_of: Address, open_page: OpenPage
) -> None:
    """When I press a button, I expect it busy until the bot answers, then the answer as a toast, or as
    an alert where the bot wants one."""
    ann = stand.new_user()
    page = open_page(address_of(ann))
    status = bot.say(ann, "queued", reply_markup=CANCEL)
    button = message(page, status).get_by_test_id("keyboard").get_by_test_id("button")

    button.click()
    press = bot.next("callback_query")
    assert (press["data"], press["from"]["id"]) == ("cancel", ann)
    expect(button).to_have_attribute("aria-busy", "true")
    bot.call("answerCallbackQuery", callback_query_id=press["id"], text="Cancelled")
    expect(page.get_by_test_id("toast")).to_have_text("Cancelled")
    expect(button).not_to_have_attribute("aria-busy", "true")

    button.click()
    press = bot.next("callback_query")
    bot.call("answerCallbackQuery", callback_query_id=press["id"], text="It is gone", show_alert=True)
    expect(page.get_by_test_id("alert")).to_contain_text("It is gone")
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_test_id("alert")).to_have_count(0)


def test_what_people_write_is_shown_as_text_and_never_run(
    stand: TelegramStand, bot: ScriptedBot, address_of: Address, open_page: OpenPage
) -> None:
    """Given HTML in a name, a title, a text, a caption and a button, I expect each to be shown letter by
    letter and nothing of it to run."""
    eve, ann = stand.new_user(EVIL), stand.new_user()
    group = stand.new_group(EVIL, [eve, ann])
    page = open_page(address_of(ann, group))
    stand.send(eve, EVIL, chat=group)
    keyboard = {"inline_keyboard": [[{"text": EVIL, "callback_data": "x"}]]}
    photo = {"photo": ("p.png", picture(), "image/png")}
    bot.call("sendPhoto", photo, chat_id=group, caption=EVIL, reply_markup=keyboard)

    expect(page.get_by_test_id("photo")).to_be_visible()
    assert page.get_by_test_id("text").all_text_contents() == [EVIL, EVIL]
    for place in ("name", "title", "button"):
        expect(page.get_by_test_id(place).first).to_have_text(EVIL)
    expect(page.get_by_test_id("chat-name").filter(has_text=EVIL)).to_be_visible()
    assert page.locator("[onerror], img[src='x']").count() == 0
    assert page.evaluate("window.caught") is None


def test_a_command_picked_from_the_menu_is_sent_at_once(
    stand: TelegramStand, bot: ScriptedBot, address_of: Address, open_page: OpenPage
) -> None:
    """Given the bot's commands, I expect one that is picked (by click or Enter) to be sent at once, as
    Telegram does, and Tab to write it out for words to follow."""
    commands = [
        {"command": "video", "description": "Make a video"},
        {"command": "jobs", "description": "Jobs"},
    ]
    bot.call("setMyCommands", commands=json.dumps(commands))
    page = open_page(address_of(stand.new_user()))
    page.get_by_test_id("command-menu").click()
    page.get_by_test_id("bot-command").filter(has_text="/video").click()
    assert bot.next("message")["text"] == "/video"
    composer = page.get_by_test_id("composer")
    offered = page.get_by_test_id("bot-command").filter(visible=True)
    composer.fill("/jo")
    expect(offered).to_have_text(["/jobsJobs"])
    composer.press("Enter")
    assert bot.next("message")["text"] == "/jobs"
    composer.fill("/vi")
    expect(offered).to_have_text(["/videoMake a video"])
    composer.press("Tab")
    expect(composer).to_have_value("/video ")


def test_a_reply_carries_its_message_and_commands_can_be_clicked(
    stand: TelegramStand, bot: ScriptedBot, address_of: Address, open_page: OpenPage
) -> None:
    """Given a formatted text with a command in it, I expect it to look formatted, the command to be sent
    on a click, and a reply to reach the bot as one and to show what it answers."""
    ann = stand.new_user()
    page = open_page(address_of(ann))
    hello = bot.say(ann, "<b>Bold</b> and <code>code</code>, see /jobs", parse_mode="HTML")
    expect(message(page, hello).locator("strong")).to_have_text("Bold")
    expect(message(page, hello).locator("code")).to_have_text("code")

    message(page, hello).get_by_test_id("command").click()
    assert bot.next("message")["text"] == "/jobs"

    message(page, hello).hover()
    message(page, hello).get_by_test_id("reply").click()
    expect(page.get_by_test_id("composer-context")).to_contain_text("Bold and code")
    page.get_by_test_id("composer").fill("a fox")
    page.get_by_test_id("send").click()
    asked = bot.next("message")
    assert (asked["text"], asked["reply_to_message"]["message_id"]) == ("a fox", hello)
    expect(message(page, asked["message_id"]).get_by_test_id("quote")).to_contain_text("Bold and code")
    expect(page.get_by_test_id("composer-context")).to_be_hidden()
