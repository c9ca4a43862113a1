"""The guided course in a browser: played to the last step, entered in the middle, left, resumed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Server, eventually, rest
from desk import Desk
from hands import HANDS, on_pad
from lengths import repeats
from playwright.sync_api import Locator, Page, expect

from cnn_core import texts
from cnn_core.course import steps
from cnn_core.course.steps import Course
from pages.guide.panel import KIOSK_S, SILENCE_S

PHONE = {"width": 390, "height": 844, "has_touch": True}
ENTERED = repeats((7,), (0, 7, 11))  # by a link; tests/pages/test_course_steps.py enters every step
LEFT_AT = 5  # step of the whole course on a phone after which it is left, reloaded and resumed
KEPT = "JSON.parse(localStorage.getItem('convscope_course'))"


class Learner:
    """Somebody in a window, with a mouse or a finger."""

    def __init__(self, page: Page, course: Course, *, touches: bool) -> None:
        self.page, self.course, self.touches = page, course, touches

    def press(self, key: str) -> None:
        button = self.page.locator(f".st-key-{key}").get_by_role("button").first
        expect(button).to_be_enabled()
        self.hit(button)

    def hit(self, part: Locator) -> None:
        """With a finger or with the mouse."""
        part.scroll_into_view_if_needed()
        if self.touches:
            part.tap()
        else:
            part.click()

    def is_at(self, number: int) -> None:
        """Wait until the panel shows that step, and its page is there."""
        eventually(lambda: at(self.page) == f"textbook-{number + 1}")
        page = self.course.steps[number].page
        eventually(lambda: self.page.evaluate("location.pathname") == f"/{page}")
        expect(self.page.locator(f".st-key-course_step_{number}")).to_be_visible()
        rest(self.page)

    def predict(self, number: int) -> None:
        self.press(f"course_option_{self.course.steps[number].right}")
        expect(self.page.locator(".st-key-course_option_0")).to_have_count(0)

    def plays(self, number: int) -> None:
        """Predict, do it, and see it compared; nothing is wider than the window."""
        goal = self.course.steps[number].goal
        assert goal is not None
        self.is_at(number)
        self.predict(number)
        DEEDS[goal.name](self)
        self.is_done(number)
        eventually(lambda: self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))

    def is_done(self, number: int) -> None:
        """Wait until the panel compares the prediction with what happened."""
        expect(self.page.locator(".st-key-course")).to_contain_text(self.course.steps[number].why)
        eventually(lambda: str(number) in self.page.evaluate(KEPT)["outcomes"])


def at(page: Page) -> object:
    """The course and the step that the address names; None if it names none."""
    return page.evaluate("new URLSearchParams(location.search).get('course')")


def part(page: Page, key: str) -> str:
    return f".st-key-{key}, [class*='st-key-{key}-']"


def slide_window(learner: Learner) -> None:
    """To the left edge of the coat, with the arrow keys of the page."""
    canvas = learner.page.locator(".stepper .output canvas")
    expect(canvas).to_be_visible()
    done = learner.page.locator(".st-key-course .stMarkdown", has_text="−1, −2, −1")
    expect(done).to_be_visible()
    for _ in range(40):
        canvas.press("ArrowLeft")
        total = learner.page.locator(".ledger .output b").get_attribute("data-value")
        if float(total or 0) > 1.5:
            return
    pytest.fail("there is no such edge")


def choose(key: str, option: int) -> Callable[[Learner], None]:
    def deed(learner: Learner) -> None:
        row = learner.page.locator(part(learner.page, key)).get_by_role("radio")
        learner.hit(row.nth(option))

    return deed


def type_number(key: str, number: int) -> Callable[[Learner], None]:
    def deed(learner: Learner) -> None:
        field = learner.page.locator(part(learner.page, key)).get_by_role("spinbutton").first
        field.fill(str(number))
        field.press("Enter")

    return deed


def pick(key: str, option: int) -> Callable[[Learner], None]:
    def deed(learner: Learner) -> None:
        box = learner.page.locator(part(learner.page, key)).get_by_role("combobox").first
        expect(box).to_be_visible()
        box.scroll_into_view_if_needed()
        rest(learner.page)
        learner.hit(box)
        learner.hit(learner.page.get_by_role("option").nth(option))
        rest(learner.page)

    return deed


def find_mistake(learner: Learner) -> None:
    pick("evaluation_true", 6)(learner)
    pick("evaluation_predicted", 0)(learner)


def last_layer(learner: Learner) -> None:
    layers = learner.page.locator(".live-maps select.layer")
    layers.select_option("pool2")
    rest(learner.page)


def last_epoch(learner: Learner) -> None:
    slider = learner.page.locator("[class*='st-key-kernels_epoch_fashion']").get_by_role("slider")
    slider.press("End")


def draw(learner: Learner) -> None:
    desk = Desk.of(learner.page)
    desk.canvas.scroll_into_view_if_needed()
    rest(learner.page)
    desk.draw(on_pad(HANDS["plain"][1], 170, 0.5, 0.5))


DEEDS: dict[str, Callable[[Learner], None]] = {
    "cell": slide_window,
    "side": choose("convolution_chosen_stride", 1),
    "pooled": choose("convolution_chosen_pool", 1),
    "other_picture": type_number("images_index", 3),
    "parameters": type_number("set_dense_0", 30),
    "stepped": lambda learner: learner.press("training_step_next"),
    "trained": lambda learner: learner.press("train"),
    "mistake": find_mistake,
    "later_weights": last_epoch,
    "layer_maps": last_layer,
    "other_image": type_number("image_number", 3),
    "drawn": draw,
}


@pytest.mark.long
def test_the_whole_course_is_played(app: Server, window: Callable[..., Page]) -> None:
    page = window("about:blank", width=1280)
    learner = Learner(page, steps.textbook("en"), touches=False)
    page.goto(f"{app.url}/?lang=en")
    learner.press("join_start_home")
    for number in range(len(learner.course.steps)):
        learner.plays(number)
        learner.press("course_next")
    eventually(lambda: page.evaluate("location.pathname") == "/course")
    assert len(page.evaluate(KEPT)["outcomes"]) == len(learner.course.steps)


@pytest.mark.long
def test_the_whole_course_is_played_in_korean_with_a_finger(
    app: Server, window: Callable[..., Page]
) -> None:
    page = window("about:blank", **PHONE)
    learner = Learner(page, steps.textbook("ko"), touches=True)
    page.goto(f"{app.url}/?lang=ko")
    learner.press("join_start_home")
    for number in range(len(learner.course.steps)):
        learner.plays(number)
        if number == LEFT_AT:
            _leave_and_resume(learner, number, app.url, "ko")
        learner.press("course_next")
    eventually(lambda: page.evaluate("location.pathname") == "/course")
    assert len(page.evaluate(KEPT)["outcomes"]) == len(learner.course.steps)


def test_it_is_entered_left_reloaded_and_resumed_on_a_phone(
    app: Server, window: Callable[..., Page]
) -> None:
    page = window("about:blank", **PHONE)
    learner = Learner(page, steps.textbook("ko"), touches=True)
    page.goto(f"{app.url}/?lang=ko&course=textbook&step=2")
    learner.plays(1)
    learner.press("course_next")
    learner.plays(2)
    _leave_and_resume(learner, 2, app.url, "ko")
    for number in ENTERED:
        page.goto(f"{app.url}/?lang=ko&course=textbook-{number + 1}")
        learner.plays(number)
    done = page.evaluate(KEPT)["outcomes"]
    assert set(done) == {"1", "2", *map(str, ENTERED)}
    page.goto(f"{app.url}/course?lang=ko")
    words = texts.say("ko", "course.done", done=len(done), steps=len(learner.course.steps))
    expect(page.locator(".stMain")).to_contain_text(words)


def _leave_and_resume(learner: Learner, number: int, url: str, language: str) -> None:
    """A reload shows the same step; who left goes on from the home page, in another session."""
    page, closing = learner.page, learner.course.steps[number].why
    page.reload()
    learner.is_at(number)
    expect(page.locator(".st-key-course")).to_contain_text(closing)
    learner.press("course_leave")
    expect(page.locator(".st-key-course")).to_have_count(0)
    eventually(lambda: at(page) is None)
    page.goto(f"{url}/?lang={language}")
    learner.press("join_resume_home")
    learner.is_at(number)
    expect(page.locator(".st-key-course")).to_contain_text(closing)


def test_an_unattended_course_plays_is_taken_over_and_plays_again(
    app: Server, window: Callable[..., Page]
) -> None:
    page = window("about:blank", **PHONE)
    page.clock.install()
    page.goto(f"{app.url}/?lang=en&course=textbook-3&kiosk=1")
    learner = Learner(page, steps.textbook("en"), touches=True)
    plays, waits = (texts.say("en", name) for name in ("course.plays", "course.plays_again"))
    panel = page.locator(".st-key-course")
    for number in (2, 3):  # each first asks, then answers, then goes on
        learner.is_at(number)
        expect(panel).to_contain_text(plays)
        expect(page.locator(".st-key-course_option_0")).to_have_count(1)
        page.clock.fast_forward(KIOSK_S * 1000)
        expect(page.locator(".st-key-course_option_0")).to_have_count(0)
        rest(page)
        page.clock.fast_forward(KIOSK_S * 1000)
    learner.is_at(4)
    page.touchscreen.tap(195, 700)
    expect(panel).to_contain_text(waits)
    rest(page)
    page.clock.fast_forward(2 * KIOSK_S * 1000)
    learner.is_at(4)
    page.clock.fast_forward(SILENCE_S * 1000)
    learner.is_at(0)
    expect(panel).to_contain_text(plays)
    assert page.evaluate("localStorage.getItem('convscope_course')") is None
