"""The panel of a guided course, above every page while one runs."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from markupsafe import Markup

from cnn_core.course import conditions, store
from cnn_core.course.conditions import CONDITIONS, Facts
from cnn_core.course.steps import OWN_PARAMETERS, Course, CourseError, Step
from cnn_core.markup import fill
from cnn_core.paths import ASSETS
from pages.guide import browser, draft
from pages.network.choice import chosen_run
from pages.session import course as session
from pages.session.address import went_back
from pages.session.course import CourseState
from pages.session.words import language, plain, say_error, t

POLL_S = 2.0  # between two looks at a training that a step waits for
KIOSK_S = 20  # between two turns of a course that plays by itself
SILENCE_S = 180  # without a touch, after which it plays by itself again; texts say so
STYLE = ASSETS / "guide" / "guide.css"
GO, TURN, COMPLETE = "course_go", "course_turn", "course_complete"
"""Session keys: a step is to be opened; number of the run of the page, and of the last that is complete."""


def guide(page: str) -> None:
    """Join the course that a link names, and show its panel; nothing where no course runs.

    Args:
        page: Name of the page that follows.
    """
    if session.is_first_look() or went_back():
        _follow(page)
    state = session.current()
    if state is None:
        draft.band(page)
        return
    try:
        course = store.open_course(state.course_id, language())
    except CourseError as error:
        session.leave()
        st.warning(say_error(error), icon=":material/link_off:")
        return
    state.step = min(state.step, len(course.steps) - 1)
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    step = course.steps[state.step]
    polls = step.goal is not None and CONDITIONS[step.goal.name].polls
    waits = polls and state.step not in state.outcomes
    st.html(STYLE)
    st.fragment(_panel, run_every=POLL_S if waits else None)(page, waits, st.session_state[TURN])


def _follow(page: str) -> None:
    """Open the course and the step that the address names; one sentence if there is none."""
    query = st.query_params
    course_id, _, number = query.get("course", "").partition(session.BETWEEN)
    if not course_id:
        return
    bare = not set(page_query()) - {"step"}
    if bare and not number:  # as somebody may write it: ?course=textbook&step=4
        number = query.get("step", "1")
    try:
        course = store.open_course(course_id, language())
    except CourseError as error:
        st.warning(say_error(error), icon=":material/link_off:")
        return
    index, missing = _index(number, len(course.steps))
    state = session.current()
    unattended = query.get("kiosk") == "1"
    if state is None or state.course_id != course_id:
        state = CourseState(course_id, kiosk=unattended)
        session.begin(state)
    state.step, state.unattended, state.seen, state.missing = index, unattended, {}, missing
    state.kiosk = state.kiosk and unattended
    step = course.steps[index]
    if not went_back() and (page != step.page or (step.query and bare)):
        open_step(step)


def _index(number: str, steps: int) -> tuple[int, str]:
    """The step, from 0, that a link opens, and the number it asks for if the course has no such step."""
    if not number:
        return 0, ""
    beyond = steps + 1 if number.isdecimal() else 0
    wanted = int(number) if number.isdecimal() and len(number) < 4 else beyond
    opened = max(1, min(wanted, steps))
    return opened - 1, "" if wanted == opened else number[: browser.MOST]


def page_query() -> dict[str, str]:
    """The parameters of the address that belong to the page."""
    own = set(OWN_PARAMETERS)
    return {name: value for name, value in st.query_params.items() if name not in own}


def open_step(step: Step) -> None:
    """Go to the page of a step, in the state that it begins with."""
    query = {**step.query, **session.parameters()}
    st.switch_page(f"pages/{step.page}.py", query_params=query)


def go(index: int) -> None:
    """Go to another step of the course; for a callback: the panel opens it."""
    state = session.current()
    if state is not None:
        state.step, state.seen, state.missing = index, {}, ""
        st.session_state[GO] = True


def _panel(page: str, polled: bool, turn: int) -> None:
    state = session.current()
    if state is None:
        return
    try:
        course = store.open_course(state.course_id, language())
    except CourseError:  # removed meanwhile: `guide` says so
        st.rerun()
    if state.step >= len(course.steps):
        session.leave()
        st.switch_page("pages/course.py")
    step = course.steps[state.step]
    if st.session_state.pop(GO, False):
        open_step(step)
    done = _check(state, step, page)
    if polled and done:
        st.rerun()  # there is nothing more to look for
    _watch(state, step, page, turn)
    if step.highlight and page == step.page:
        st.html(_outline(step.highlight))
    label = t(
        "course.label", number=state.step + 1, steps=len(course.steps), title=plain(step.title)
    )
    with (
        st.container(key="course"),
        st.expander(label, expanded=True, key=f"course_step_{state.step}"),
    ):
        _remarks(state, course)
        if page == step.page:
            _story(state, course, step)
        else:
            st.markdown(t("course.elsewhere", page=t(f"{step.page}.nav")))
        row = {"horizontal": True, "gap": "small", "horizontal_alignment": "distribute"}
        with st.container(key="course_row", **row):
            with st.container(horizontal=True, gap="small", key="course_options", width="content"):
                if page != step.page:
                    _way_back()
                elif _asks(state, step):
                    _options(course, step)
            with st.container(horizontal=True, gap="small", key="course_buttons", width="content"):
                _buttons(state, course, done)


def _remarks(state: CourseState, course: Course) -> None:
    """Whether the course plays by itself, and that a link asked for a step that it does not have."""
    if state.kiosk:
        st.caption(f":material/touch_app: {t('course.plays')}")
    elif state.unattended:
        st.caption(f":material/smart_display: {t('course.plays_again')}")
    if state.missing:
        numbers = {"number": plain(state.missing), "steps": len(course.steps)}
        words = t("course.no_step", **numbers, step=state.step + 1)
        st.warning(words, icon=":material/link_off:")


def _outline(key: str) -> Markup:
    """A style that outlines the part of the page with that key."""
    return fill(
        '<style>:is(.st-key-{{ key }}, [class*="st-key-{{ key }}-"]) '
        "{outline: 3px solid #e08a00; outline-offset: 4px; border-radius: 4px;}</style>",
        key=key,
    )


def _check(state: CourseState, step: Step, page: str) -> bool:
    """Whether the step's task is done; its numbers are kept."""
    if step.goal is None:
        return True
    condition = CONDITIONS[step.goal.name]
    if page == step.page:
        values = state.seen if condition.signal else session.reported(page)
        facts = Facts(page, page_query(), step.query, chosen_run(), values)
        numbers = conditions.check(step.goal.name, step.goal.settings, facts)
        if numbers is not None:
            state.outcomes[state.step] = dict(numbers)
    return state.step in state.outcomes


def _say(course: Course, text: str) -> str:
    """A text of the course as Markdown; what a visitor wrote has no marks of it."""
    return plain(text) if course.own else text


def _predicted(state: CourseState, step: Step) -> int | None:
    """The option that was predicted; None if none was, or the browser kept one of another course."""
    choice = state.predictions.get(state.step)
    return choice if choice is not None and choice < len(step.options) else None


def _asks(state: CourseState, step: Step) -> bool:
    return bool(step.question) and _predicted(state, step) is None


def _story(state: CourseState, course: Course, step: Step) -> None:
    predicted = _predicted(state, step)
    outcome = state.outcomes.get(state.step)
    over = step.goal is None or outcome is not None
    st.markdown(_say(course, step.text))
    if _asks(state, step):
        st.markdown(f"**{t('lesson.predict')}** {_say(course, step.question)}")
        return
    if predicted is not None and (over or state.kiosk):
        _verdict(course, step, predicted)
    elif predicted is not None:
        option = _say(course, step.options[predicted])
        st.caption(t("course.predicted", option=option))
    if step.task and outcome is None:
        st.markdown(f":material/arrow_forward: **{_say(course, step.task)}**")
    if over:
        _closing(course, step, outcome or {})


def _options(course: Course, step: Step) -> None:
    for index, option in enumerate(step.options):
        st.button(
            _say(course, option), key=f"course_option_{index}", on_click=_predict, args=(index,)
        )


def _predict(index: int) -> None:
    state = session.current()
    if state is not None:
        state.predictions[state.step] = index


def _verdict(course: Course, step: Step, predicted: int) -> None:
    right = predicted == step.right
    colour, key = ("green", "lesson.right") if right else ("orange", "course.wrong")
    option = _say(course, step.options[predicted])
    holds = _say(course, step.options[step.right])
    words = t(key) if right else t(key, option=option, right=holds)
    st.markdown(f":{colour}[**{words}**] {_say(course, step.why)}")


def _closing(course: Course, step: Step, outcome: Mapping[str, str]) -> None:
    """What happened; numbers that an older version of the course kept may not fit its sentence."""
    names = CONDITIONS[step.goal.name].names if step.goal else ()
    if step.after and set(names) <= set(outcome):
        numbers = {name: outcome[name] for name in names}
        if not course.own:
            numbers = {name: plain(number) for name, number in numbers.items()}
        st.markdown(f":material/check_circle: {_say(course, step.closing(numbers))}")


def _way_back() -> None:
    st.button(
        t("course.return"), icon=":material/undo:", key="course_return",
        on_click=lambda: st.session_state.update({GO: True}),
    )  # fmt: skip


def _buttons(state: CourseState, course: Course, done: bool) -> None:
    last = state.step + 1 == len(course.steps)
    ready = done and not _asks(state, course.steps[state.step])
    st.button(
        t("course.back"), icon=":material/arrow_back:", key="course_back",
        disabled=state.step == 0, on_click=go, args=(state.step - 1,),
    )  # fmt: skip
    st.button(
        t("course.finish" if last else "course.next"), icon=":material/arrow_forward:",
        key="course_next", type="primary" if ready else "secondary",
        on_click=_play_again if last and state.unattended else _next,
    )  # fmt: skip
    if st.button(t("course.leave"), icon=":material/close:", key="course_leave", type="tertiary"):
        session.leave()
        st.rerun()


def _next() -> None:
    if (state := session.current()) is not None:
        go(state.step + 1)


def _watch(state: CourseState, step: Step, page: str, turn: int) -> None:
    """What the browser watches for, keeps, and outlines."""
    here = page == step.page
    waits = here and step.goal is not None and state.step not in state.outcomes
    complete = st.session_state.get(COMPLETE) == turn  # the page after this panel is there
    data = {
        "progress": None if state.unattended else browser.progress(state),
        "restored": state.restored,
        "waits": waits,
        "signal": CONDITIONS[step.goal.name].signal if waits and step.goal else "",
        "settings": dict(step.goal.settings) if step.goal else {},
        "turn": turn,
        "checked": sorted(map(list, page_query().items())) if complete else None,
        "highlight": step.highlight if here else "",
        "reveals": f"{state.step} {state.step in state.predictions}",
        "kiosk": KIOSK_S if state.kiosk else 0,
        "silence": SILENCE_S if state.unattended and not state.kiosk else 0,
        "phase": f"{state.step} {state.step in state.predictions}",
    }
    browser.mount(
        "panel", data, on_seen_change=lambda: st.session_state.update({COMPLETE: turn}),
        on_did_change=_take_deed, on_kept_change=_take_kept, on_turn_change=_take_turn,
        on_taken_change=_take_over, on_silent_change=_play_again,
    )  # fmt: skip


def _take_deed() -> None:
    state = session.current()
    if state is not None:
        state.seen = browser.words(browser.sent("panel", "did"))


def _take_kept() -> None:
    """Take over what this browser kept of the same course; what is new here stays."""
    state, kept = session.current(), browser.restored(browser.sent("panel", "kept"))
    if state is not None:
        state.restored = True
        if kept is not None and kept.course_id == state.course_id:
            state.predictions = {**kept.predictions, **state.predictions}
            state.outcomes = {**kept.outcomes, **state.outcomes}


def _take_turn() -> None:
    """A course that plays by itself: the answer first, then the next step, and from the last to the first."""
    state = session.current()
    if state is None or not state.kiosk:
        return
    try:
        course = store.open_course(state.course_id, language())
    except CourseError:  # removed meanwhile: `guide` says so
        return
    step = course.steps[state.step]
    if step.question and state.step not in state.predictions:
        state.predictions[state.step] = step.right
    else:
        state.predictions.clear()
        state.outcomes.clear()
        go((state.step + 1) % len(course.steps))


def _take_over() -> None:
    """Somebody has touched the screen: the course is theirs from here."""
    state = session.current()
    if state is not None:
        state.kiosk = False
        state.predictions.clear()
        st.session_state[GO] = True


def _play_again() -> None:
    """The course plays by itself from the first step, with nothing of those who had taken it over."""
    state = session.current()
    if state is not None and state.unattended:
        state.kiosk = True
        state.predictions.clear()
        state.outcomes.clear()
        go(0)
