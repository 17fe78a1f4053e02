"""The page around the chat: people, groups, scrolling, a phone, reloads, broken lines."""

import contextlib
import re

import httpx
import pytest
from playwright.sync_api import expect

from stand.telegram.client import TelegramStand

from .breakable import breakable
from .conftest import OpenPage, running_stand
from .looks import Address, message, write
from .scripted_bot import ScriptedBot

pytestmark = [pytest.mark.page, pytest.mark.long]

WIDTHS = "[document.documentElement.scrollWidth, document.querySelector('#scroll').scrollWidth]"


def test_two_people_in_two_browsers_share_a_group(
    stand: TelegramStand, bot: ScriptedBot, address_of: Address, open_page: OpenPage
) -> None:
    """Given Ann at one page who makes Борис, who is at another, when Ann makes a group and writes, I expect
    Борис to see it come, with an unread mark, and both to see the same conversation with the bot in it."""
    ann = stand.new_user("Ann")
    page = open_page(address_of(ann))
    page.get_by_test_id("user-switcher").click()
    page.get_by_test_id("new-user").click()
    page.get_by_test_id("new-user-name").fill("Борис")
    page.get_by_test_id("new-user-language").select_option("ru")
    page.get_by_test_id("dialog-ok").click()
    expect(page.get_by_test_id("me")).to_have_text("Борис")
    boris = int(re.findall(r"user=(\d+)", page.url)[0])
    other = open_page(address_of(boris))
    page.goto(address_of(ann))
    expect(page.get_by_test_id("me")).to_have_text("Ann")

    page.get_by_test_id("new-group").click()
    page.get_by_test_id("new-group-title").fill("Weekend pictures")
    page.get_by_test_id("dialog-ok").click()
    expect(page.get_by_test_id("title")).to_have_text("Weekend pictures")
    write(page, "/image a lighthouse")

    asked = bot.next("message")
    group = asked["chat"]["id"]
    row = other.locator(f'[data-testid="chat"][data-chat-id="{group}"]')
    expect(row).to_contain_text("/image a lighthouse")
    expect(row.get_by_test_id("unread")).to_have_text("1")
    row.click()
    expect(message(other, asked["message_id"]).get_by_test_id("name")).to_have_text("Ann")
    expect(row.get_by_test_id("unread")).to_have_count(0)

    answer = bot.say(group, "drawing 10 %")
    write(other, "at night, please")
    for one in (page, other):
        expect(message(one, answer).get_by_test_id("name")).to_contain_text("bot")
        expect(one.get_by_test_id("message")).to_have_count(3)
        expect(one.get_by_test_id("message").last).to_contain_text("at night, please")


def test_a_reload_keeps_the_conversation_as_it_is(
    stand: TelegramStand, bot: ScriptedBot, address_of: Address, open_page: OpenPage
) -> None:
    """Given a text edited with arrow-up, a deleted one and a photo, when I reload, I expect to be the same
    person in the same chat, which holds the same."""
    ann = stand.new_user()
    page = open_page(address_of(ann))
    write(page, "a red fxo")
    expect(page.get_by_test_id("message")).to_have_count(1)
    page.get_by_test_id("composer").press("ArrowUp")
    expect(page.get_by_test_id("composer")).to_have_value("a red fxo")
    write(page, "a red fox")
    assert bot.next("edited_message")["text"] == "a red fox"
    status = bot.say(ann, "drawing")
    bot.develop(ann, status, "a red fox")
    gone = bot.say(ann, "never mind this")
    message(page, gone).click(button="right")
    page.get_by_test_id("menu-delete").click()
    expect(message(page, gone)).to_have_count(0)

    page.reload()

    expect(page.get_by_test_id("me")).to_have_text("Ann")
    expect(page.get_by_test_id("text")).to_have_text(["a red fox", "a red fox"])
    expect(message(page, status).get_by_test_id("photo")).to_be_visible()
    expect(page.get_by_test_id("edited")).to_have_count(2)


def test_the_newest_is_in_view_unless_one_reads_above(
    stand: TelegramStand, bot: ScriptedBot, address_of: Address, open_page: OpenPage
) -> None:
    """Given a page, when a burst of messages with pictures comes, I expect to see the last one; when I have
    scrolled up to read, I expect to stay there and to be told how many came."""
    ann = stand.new_user()
    page = open_page(address_of(ann))
    for number in range(5):
        stand.photo(ann)
        bot.say(ann, f"answer {number}")
    expect(page.get_by_text("answer 4", exact=True).last).to_be_in_viewport(ratio=1)
    expect(page.get_by_test_id("to-bottom")).to_be_hidden()

    page.get_by_test_id("message").first.hover()
    page.mouse.wheel(0, -5_000)
    expect(page.get_by_test_id("message").first).to_be_in_viewport(ratio=1)
    last = bot.say(ann, "one more")
    expect(page.get_by_test_id("to-bottom")).to_contain_text("1")
    expect(message(page, last)).not_to_be_in_viewport()
    page.get_by_test_id("to-bottom").click()
    expect(message(page, last)).to_be_in_viewport(ratio=1)


def test_a_phone_shows_one_thing_at_a_time(
    stand: TelegramStand, bot: ScriptedBot, address_of: Address, open_page: OpenPage
) -> None:
    """Given a phone's width, I expect the conversation alone and whole, the list behind the back button,
    and nothing wider than the screen."""
    ann = stand.new_user()
    row = [{"text": f"Button number {n}", "callback_data": str(n)} for n in range(4)]
    bot.say(ann, "w" * 300, reply_markup={"inline_keyboard": [row]})
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = open_page(address_of(ann), **phone)

    expect(page.get_by_test_id("message")).to_be_visible()
    expect(page.get_by_test_id("chats")).to_be_hidden()
    expect(page.get_by_test_id("send")).to_be_in_viewport(ratio=1)
    expect(page.get_by_test_id("button").last).to_be_in_viewport(ratio=1)
    assert page.evaluate(WIDTHS) == [390, 390]

    page.get_by_test_id("back").tap()
    expect(page.get_by_test_id("composer")).to_be_hidden()
    page.get_by_test_id("chat").tap()
    expect(page.get_by_test_id("composer")).to_be_visible()
    assert page.get_by_test_id("composer").evaluate("field => field.clientHeight") >= 36


def test_a_lost_connection_is_shown_and_nothing_is_missed(
    stand: TelegramStand, bot: ScriptedBot, open_page: OpenPage
) -> None:
    """Given a page whose connection breaks, when the bot writes meanwhile, I expect the page to say so,
    to come back by itself, without a reload, and to show what it missed, once."""
    ann = stand.new_user()
    with breakable(httpx.URL(stand.base_url).port or 0) as line:
        page = open_page(f"http://127.0.0.1:{line.port}/#user={ann}&chat={ann}")
        page.evaluate("window.neverReloaded = true")
        bot.say(ann, "before")
        expect(page.get_by_test_id("message")).to_have_count(1)

        line.cut()
        expect(page.get_by_test_id("link")).to_have_attribute("data-state", "broken")
        bot.say(ann, "meanwhile")
        line.mend()

        expect(page.get_by_test_id("link")).to_have_attribute("data-state", "live", timeout=10_000)
        expect(page.get_by_test_id("text")).to_have_text(["before", "meanwhile"])
        assert page.evaluate("window.neverReloaded")


def test_a_stand_that_began_anew_is_noticed(open_page: OpenPage) -> None:
    """Given a page left open while the stand is stopped and started again, I expect the page to begin anew,
    ready to be written in."""
    with running_stand() as url, contextlib.closing(ScriptedBot(url)) as bot:
        page = open_page(url)
        write(page, "from the old days")
        assert bot.next("message")["text"] == "from the old days"
        expect(page.get_by_test_id("message")).to_have_count(1)
    expect(page.get_by_test_id("link")).to_have_attribute("data-state", "broken")
    with running_stand(httpx.URL(url).port or 0), contextlib.closing(ScriptedBot(url)) as bot:
        expect(page.get_by_test_id("empty")).to_be_visible(timeout=10_000)
        write(page, "hello again")
        assert bot.next("message")["text"] == "hello again"
