"""Courses as files: what comes with the app, what a teacher writes, and every fault in it."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from cnn_core import texts
from cnn_core.course import steps, store
from cnn_core.course.conditions import CONDITIONS, Facts, check
from cnn_core.course.steps import CourseError

ROOT = Path(__file__).parents[2]
STEP = {"title": '"A"', "place": '"kernels?run=fashion"', "text": '"Look."'}
GOAL = {"task": '"Do it."', "after": '"Side {side}."', "place": '"convolution"'}


def source(**fields: str | None) -> str:
    """A course of one step with these fields; None leaves one out."""
    rows = [f"{name} = {value}" for name, value in (STEP | fields).items() if value is not None]
    return "\n".join(['title = "Mine"', "[[step]]", *rows])


def faults(text: str) -> list[CourseError]:
    course, wrong = steps.read(text, "ko")
    assert (course is None) is bool(wrong)
    return wrong


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_course_of_the_app_has_no_fault_and_is_whole_in_both_languages(language: str) -> None:
    course = steps.textbook(language)
    assert 10 <= len(course.steps) <= 12
    table = texts.table(language).values()
    for step in course.steps:
        assert step.goal is not None
        assert all((step.question, step.why, step.task, step.after, step.highlight))
        assert set(re.findall(r"\{(\w+)\}", step.after)), "it names no number of the learner"
        assert all(name in table for name in re.findall(r"\*\*(.+?)\*\*", step.task))
    assert not set(
        re.findall(r"[가-힣]", "".join(step.text for step in steps.textbook("en").steps))
    )
    assert all(re.search(r"[가-힣]", step.text + step.after) for step in steps.textbook("ko").steps)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_nothing_is_bold_in_a_task_which_the_panel_makes_bold_as_a_whole(language: str) -> None:
    assert [step.task for step in steps.textbook(language).steps if "*" in step.task] == []


def test_every_task_of_the_app_is_in_it_and_every_other_is_for_teachers() -> None:
    used = {step.goal.name for step in steps.textbook("en").steps if step.goal}
    assert set(CONDITIONS) - used == {"address", "changed"}


def test_pages_that_a_step_can_open_are_those_of_the_app() -> None:
    app = (ROOT / "app.py").read_text("utf-8")
    assert set(re.findall(r'"pages/(\w+)\.py"', app)) == steps.PAGES


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_example_is_a_course_that_a_teacher_can_change(language: str) -> None:
    course, wrong = steps.read(steps.example(), language)
    assert wrong == []
    assert course is not None
    assert [step.text for step in course.steps] == [
        step.text for step in steps.textbook(language).steps
    ]


@pytest.mark.parametrize(
    "place",
    [
        "kernels?run=fashion&layer=conv2",
        "https://cnn.example.org/class/kernels?run=fashion&layer=conv2&lang=ko&course=textbook-3",
        " http://localhost:8501/kernels/?run=fashion&layer=conv2&kiosk=1",
    ],
)
def test_a_place_may_be_a_link_and_stays_in_the_app(place: str) -> None:
    assert steps.place_of(place) == ("kernels", {"run": "fashion", "layer": "conv2"})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("x" * 70_000, "size"),
        ("title = ", "toml"),
        ('title = "No steps"', "no_steps"),
        ("step = 3\n" + 'title = "A"', "no_steps"),
        ('title = "Many"\n' + '[[step]]\ntitle="A"\nplace="home"\ntext="T"\n' * 41, "many_steps"),
        (source(text=None), "missing"),
        (source(title=None), "missing"),
        (source(place=None), "missing"),
        (source(place='"https://example.org/evil?x=1"'), "page"),
        (source(place='"javascript:alert(1)"'), "page"),
        (source(place='"http://[/"'), "page"),
        (source(place='"../home/x"'), "page"),
        (source(texts='"typed wrongly"'), "unknown"),
        (source(text='{fr = "Regarde"}'), "language"),
        (source(text='{en = "Look", ko = ""}'), "text"),
        (source(text="3"), "text"),
        (source(text='"' + "a" * 3000 + '"'), "text"),
        (source(highlight='"a{} b"'), "highlight"),
        (source(question='"Which?"'), "options"),
        (source(question='"Which?"', options='["one"]'), "options"),
        (source(question='"Which?"', options='["1", "2", "3", "4", "5"]'), "options"),
        (source(options='["1", "2"]'), "missing"),
        (source(question='"?"', options='["1", "2"]', right="2"), "right"),
        (source(question='"?"', options='["1", "2"]', right="true"), "right"),
        (source(**GOAL, goal='{kind = "magic"}'), "goal"),
        (source(**GOAL, goal='"side"'), "goal"),
        (source(**GOAL, goal='{kind = "side"}'), "goal_settings"),
        (source(**GOAL, goal='{kind = "side", side = "14"}'), "goal_settings"),
        (source(**GOAL, goal='{kind = "side", side = 14, more = 1}'), "goal_settings"),
        (source(**GOAL | {"place": '"home"'}, goal='{kind = "side", side = 14}'), "goal_page"),
        (source(**GOAL | {"after": '"{sum}"'}, goal='{kind = "side", side = 14}'), "slots"),
        (source(**GOAL | {"after": '"{side!r:>9}"'}, goal='{kind = "side", side = 1}'), "slots"),
        (source(after='"{side}"'), "slots"),
        (source(right="9" * 5000), "toml"),
        (source(**GOAL, goal=f'{{kind = "side", side = {10**400}}}'), "goal_settings"),
        (
            source(place='"kernels"', task='"A"', after='"A"', goal='{kind = "cell", below = inf}'),
            "goal_settings",
        ),
        (
            source(place='"kernels"', task='"A"', after='"A"', goal='{kind = "cell", above = nan}'),
            "goal_settings",
        ),
    ],
)
def test_every_fault_is_a_sentence_in_both_languages(text: str, key: str) -> None:
    wrong = faults(text)
    assert f"course.{key}" in {fault.key for fault in wrong}
    for fault in wrong:
        sentences = [fault.sentence(language) for language in texts.LANGUAGES]
        assert len(set(sentences)) == len(sentences)
        assert all(
            "{" not in sentence.replace("{side", "") or key == "slots" for sentence in sentences
        )


def test_all_faults_are_said_together() -> None:
    wrong = faults(source(text=None, place='"nowhere"', highlight='"?"', right="7"))
    assert {fault.key for fault in wrong} == {
        "course.missing", "course.page", "course.highlight", "course.right",
    }  # fmt: skip


def test_a_course_is_kept_under_the_name_of_its_content(convscope_home: Path) -> None:
    text = source(question='"?"', options='["1", "2"]', right="1", why='"So."')
    course_id = store.keep(text)
    assert store.keep(text) == course_id
    assert [path.stem for path in store.folder().glob("*.toml")] == [course_id]
    course = store.open_course(course_id, "ko")
    assert course.own
    assert course.steps[0].options == ("1", "2")
    for name in ("0" * 12, "../../etc/passwd", "", course_id[:-1]):
        with pytest.raises(CourseError):
            store.open_course(name, "en")


def test_a_course_with_a_fault_or_one_too_many_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CourseError, match="missing"):
        store.keep(source(text=None))
    monkeypatch.setattr(store, "MOST_KEPT", 1)
    store.keep(source())
    with pytest.raises(CourseError, match="no more than 1"):
        store.keep(source(title='"Another"'))


def test_courses_that_nobody_opens_make_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_KEPT", 2)
    used, unused = (store.keep(source(title=f'"{number}"')) for number in (1, 2))
    long_ago = time.time() - store.KEPT_S - store.DAY_S
    for path in store.folder().glob("*.toml"):
        os.utime(path, (long_ago, long_ago))
    store.open_course(used, "en")
    newest = store.keep(source(title='"3"'))
    assert {path.stem for path in store.folder().glob("*.toml")} == {used, newest}
    assert unused not in {used, newest}


def test_a_visitor_who_keeps_many_courses_replaces_those_that_nobody_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "MOST_OWN", 2)
    used, unused = (store.keep(source(title=f'"{number}"'), "ada") for number in (1, 2))
    with pytest.raises(CourseError, match="within a day"):
        store.keep(source(title='"3"'), "ada")
    of_another = store.keep(source(title='"4"'), "bob")
    for path in store.folder().glob("*.toml"):
        os.utime(path, (time.time() - 2 * store.DAY_S,) * 2)
    store.open_course(used, "en")
    newest = store.keep(source(title='"3"'), "ada")
    kept = {path.name for path in store.folder().iterdir()}
    assert kept == {f"{used}.toml", f"{used}.ada", f"{newest}.toml", f"{newest}.ada"} | {
        f"{of_another}.toml",
        f"{of_another}.bob",
    }
    assert store.keep(source(title='"1"'), "ada") == used, "what is there needs no room"
    assert unused not in {used, newest}


@pytest.mark.parametrize(
    "value",
    [10**400, -(10**400), float("inf"), float("nan"), 0, -1, "²"],
    ids=["huge", "minus huge", "infinite", "nan", "zero", "negative", "text"],
)
@pytest.mark.parametrize("name", CONDITIONS)
def test_no_number_that_a_browser_sends_breaks_a_step(name: str, value: float | str) -> None:
    condition = CONDITIONS[name]
    slots = ("row", "column", "sum", "output", "least", "largest", "before", "after", "mean")
    reported = dict.fromkeys((*slots, "count", "most", "probability", "index", "answer"), value)
    settings = {key: kind(0) for key, kind in condition.needed.items()} | {"count": 0}
    query = {"index": "1", "steps": "", "cell": "0-1", "stride": "0", "kernel": "1~2"}
    query |= {"section": "slide", "data": "mnist", "padding": "same"}
    for page in (condition.page or "home", "notes"):
        numbers = check(name, settings, Facts(page, query, {}, None, reported))
        assert numbers is None or set(numbers) == set(condition.names)


def test_what_is_put_together_by_clicking_reads_back() -> None:
    hard = 'A "quoted" \\ title\nof two lines, 한국어 {braces} \x7f'
    text = store.write(hard, [{"title": hard, "place": "kernels?a=%22&b=1", "text": hard}])
    course, wrong = steps.read(text, "en")
    assert wrong == []
    assert course is not None
    assert course.steps[0].query == {"a": '"', "b": "1"}
    assert course.steps[0].text == hard.replace("\x7f", " ")


@pytest.mark.parametrize("name", CONDITIONS)
def test_an_address_that_says_nothing_sensible_is_no_deed(name: str) -> None:
    condition = CONDITIONS[name]
    settings = {key: kind(3) for key, kind in condition.settings.items()}
    page = condition.page or "home"
    for query in ({}, {"stride": "x", "steps": "?", "cell": "-", "epoch": "", "blocks": "²"}):
        assert check(name, settings, Facts(page, query, {"3": ""})) in (None, {})
    assert check(name, settings, Facts("notes", {})) is None or not condition.page
