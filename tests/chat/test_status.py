"""What the status message says at each stage of a job."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import status
from chat.keyboards import unpack
from chat.status import View
from chat.texts import Texts, texts
from config.catalogue import Model
from jobs.failures import Failure
from jobs.model import Artifact, Job, Kind, Lane, Origin, Request, Tier
from jobs.states import State
from ledger.queue_position import QueuePosition

EN, RU = texts("en"), texts("ru")
JOB = Job(
    id="abcdefghij234567abcd",
    request=Request(Kind.IMAGE, "flux-schnell", "a red fox", seed=42),
    origin=Origin(1, 1, 5, "en", 0),
    tier=Tier.REGULAR,
    lane=Lane.IMG,
    state=State.QUEUED,
    stamps={"accepted": 100.0, "stored": 104.2},
)
VIDEO = replace(JOB, request=replace(JOB.request, kind=Kind.VIDEO))
MODEL = Model("flux-schnell", "FLUX schnell", "image", "replicate", "x/y", 120, 4, 0.003)


def labels(view: View) -> list[str]:
    assert view.keyboard is not None
    return [button.text for row in view.keyboard.inline_keyboard for button in row]


@pytest.mark.parametrize(
    ("place", "english", "russian"),
    [
        (QueuePosition(1, 3.2), "Queued #1, about 4 s", "В очереди: №1, примерно 4 секунды"),
        (QueuePosition(2, 8), "Queued #2, about 8 s", "В очереди: №2, примерно 8 секунд"),
        (QueuePosition(6, 300), "Queued #8, about 5 min", "В очереди: №8, примерно 5 минут"),
        (None, "Starting…", "Начинаю…"),
    ],
)
def test_a_waiting_job_tells_its_place_on_the_ladder(
    place: QueuePosition | None, english: str, russian: str
) -> None:
    """Given a job in the queue, I expect its place, how long it may take, and a way out."""
    assert status.waiting(JOB, place, EN).text == english
    assert status.waiting(JOB, place, RU).text == russian
    assert labels(status.waiting(JOB, place, EN)) == ["Cancel"]


@pytest.mark.parametrize(
    ("job", "percent", "text"),
    [(JOB, 0, "Drawing…"), (JOB, 40, "Drawing 40 %"), (VIDEO, 0, "Filming…"), (VIDEO, 40, "Filming 40 %")],
)
def test_a_job_at_work_tells_how_far_it_is(job: Job, percent: int, text: str) -> None:
    """Given a job that is being made, I expect the percentage where the provider tells one."""
    view = status.progress(replace(job, progress=percent), EN)
    assert view.text == text
    assert labels(view) == ["Cancel"]


@pytest.mark.parametrize("t", [EN, RU], ids=["en", "ru"])
@pytest.mark.parametrize("failure", list(Failure))
def test_each_failure_has_words_of_its_own(failure: Failure, t: Texts) -> None:
    """When a job failed, I expect a reason, and that it was not counted exactly where the fault was ours."""
    view = status.ended(replace(JOB, state=State.FAILED, failure=failure), t)
    others = {
        status.ended(replace(JOB, state=State.FAILED, failure=other), t).text
        for other in Failure
        if other is not failure
    }
    assert view.text not in others
    assert view.text.endswith(t("This request was not counted.")) is failure.ours


@pytest.mark.parametrize("t", [EN, RU], ids=["en", "ru"])
def test_a_paid_job_that_counts_after_all_says_so(t: Texts) -> None:
    """Given a failure of ours whose token is kept, I expect the person to be told that, and why."""
    ended = replace(JOB, state=State.FAILED, failure=Failure.BAD_OUTPUT, counted=True)
    assert status.ended(ended, t).text.endswith(t("This request counts, as it had been paid for."))


@pytest.mark.parametrize("failure", list(Failure))
def test_another_try_is_offered_only_where_it_can_help(failure: Failure) -> None:
    """When the very same request would be refused again, I expect no button for it; else I do."""
    view = status.ended(replace(JOB, state=State.FAILED, failure=failure), EN)
    hopeless = failure in (Failure.REFUSED, Failure.REJECTED, Failure.SOURCE_GONE)
    assert (labels(view) if view.keyboard else []) == ([] if hopeless else ["Again"])
    assert not hopeless or "Again" not in view.text


def test_a_cancelled_job_says_so() -> None:
    """When a job was cancelled, I expect one word and a way to have it again."""
    view = status.ended(replace(JOB, state=State.CANCELLED), EN)
    assert (view.text, labels(view)) == ("Cancelled.", ["Again"])


def test_a_result_tells_how_it_was_made() -> None:
    """When a picture is done, I expect its prompt, model, seed, time and note, and what to do with it."""
    note = replace(MODEL, note="sketch, not AI")
    view = status.result(JOB, note, MODEL, RU)
    assert view.text == "a red fox\n\nFLUX schnell · seed 42 · 5 секунд · набросок, не ИИ"
    assert labels(view) == ["Ещё раз", "Вариация", "Оживить"]


def test_the_seed_shown_is_the_persons_own() -> None:
    """Given a seed among the options, I expect that one; with none at all, no mention of it."""
    own = replace(JOB, request=replace(JOB.request, options={"seed": 7}))
    none = replace(JOB, request=replace(JOB.request, seed=0))
    assert "seed 7" in status.result(own, MODEL, None, EN).text
    assert "seed" not in status.result(none, MODEL, None, EN).text


def test_only_pictures_can_be_animated_and_only_by_a_model_that_does_it() -> None:
    """Given a video, or no model that animates, I expect no such button."""
    assert labels(status.result(VIDEO, MODEL, MODEL, EN)) == ["Again", "Variation"]
    assert labels(status.result(JOB, MODEL, None, EN)) == ["Again", "Variation"]


@given(st.text(st.characters(codec="utf-8"), max_size=2000))
def test_a_caption_fits_whatever_the_prompt(prompt: str) -> None:
    """Given any prompt, I expect a caption within Telegram's 1024 that ends with the facts."""
    job = replace(JOB, request=replace(JOB.request, prompt=prompt))
    text = status.result(job, MODEL, None, EN).text
    assert len(text.encode("utf-16-le")) // 2 <= 1024
    assert text.endswith("FLUX schnell · seed 42 · 5 s")


def test_a_cut_does_not_split_an_emoji() -> None:
    """Given a text whose limit falls into a surrogate pair, I expect the whole emoji to go."""
    assert status.shorten("ab🦊🦊", 5) == "ab🦊…"
    assert status.shorten("ab🦊🦊", 6) == "ab🦊🦊"
    assert status.shorten("ab🦊🦊", 4) == "ab…"


def test_a_long_wait_is_told_in_minutes() -> None:
    """Given lengths of time, I expect seconds up to a minute and a half."""
    assert [status.duration(s, EN) for s in (0, 0.4, 60, 89.5, 90, 200)] == [
        "1 s", "1 s", "60 s", "90 s", "2 min", "3 min",
    ]  # fmt: skip


def test_the_reply_rings_for_the_right_kind() -> None:
    """When a long job is done, I expect the reply to name what is ready."""
    assert (status.ready(JOB, EN), status.ready(VIDEO, EN)) == (
        "Your picture is ready.",
        "Your video is ready.",
    )


def test_every_button_is_understood_when_it_comes_back() -> None:
    """Given the buttons of all views, when one is pressed, I expect its action and the job."""
    views = [status.waiting(JOB, None, EN), status.ended(JOB, EN), status.result(JOB, MODEL, MODEL, EN)]
    for view in views:
        assert view.keyboard is not None
        for button in view.keyboard.inline_keyboard[0]:
            press = unpack(str(button.callback_data))
            assert press is not None
            assert press.job_id == JOB.id


@pytest.mark.parametrize(
    ("seconds", "english", "russian"),
    [(86_400, "24 h", "24 часа"), (3600 * 5.9, "5 h", "5 часов"), (3599, "59 min", "59 минут")],
)
def test_a_links_time_is_never_said_to_be_longer(seconds: float, english: str, russian: str) -> None:
    assert (status.span(seconds, EN), status.span(seconds, RU)) == (english, russian)


@given(st.text(min_size=1, max_size=6000), st.integers(20, 2500))
def test_a_link_is_whole_however_long_the_prompt(prompt: str, length: int) -> None:
    """Given any prompt and a long URL, I expect a text that Telegram takes, and the URL as its last line."""
    url = "https://media.example.org/".ljust(length, "x")
    job = replace(
        JOB, request=replace(JOB.request, prompt=prompt), artifact=Artifact("k", "image/png", 60_000_001)
    )
    text = status.link(job, MODEL, MODEL, url, 86_400, EN).text
    assert text.endswith(
        f"The file (61 MB) cannot be sent to this chat. This link to it works for 24 h:\n{url}"
    )
    assert len(text.encode("utf-16-le")) // 2 <= 4096
