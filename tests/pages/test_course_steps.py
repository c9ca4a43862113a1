"""Every step of the guided course, played in one of the languages: link, highlight, task, numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from google.protobuf import text_format
from lengths import at_length
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest
from test_every_control import visit
from visits import APP, US, address, make_run
from window import Window

from cnn_core import texts
from cnn_core.course import steps
from cnn_core.course.conditions import CONDITIONS
from cnn_core.course.steps import Course, Step
from pages.guide import panel as guide
from pages.parts.feature_maps.maps import LAYER
from pages.session.course import STATE, CourseState

__all__ = ["visit"]  # the fixture

pytestmark = pytest.mark.slow


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the panel says in a run.

    `AppTest` takes the folder pages/ for pages of the old kind, and runs a page without app.py.
    """
    words: list[str] = []
    make = PagesManager.__init__

    def make_with_navigation(manager: PagesManager, *args: Any, **settings: Any) -> None:
        make(manager, *args, **settings)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", make_with_navigation)
    say, start = guide._say, guide.guide

    def record(course: Course, text: str) -> str:
        words.append(say(course, text))
        return words[-1]

    def begin(page: str) -> None:
        words.clear()
        start(page)

    monkeypatch.setattr(guide, "_say", record)
    monkeypatch.setattr(guide, "guide", begin)
    return words


def press(window: Window, key: str) -> None:
    """Press a button, in the panel or on the page."""
    mapper = window.at._session_state._state._key_id_mapper
    window.rerun(WidgetState(id=mapper.get_id_from_key(key), trigger_value=True))


def sent(at: AppTest) -> str:
    """All that the server sends, in which the key of every part is."""
    protos = [getattr(node, "proto", None) for node in at._tree]
    return "\n".join(text_format.MessageToString(proto) for proto in protos if proto)


def state_of(at: AppTest) -> CourseState:
    state: CourseState = at.session_state[STATE]
    return state


def join(language: str, number: int, **query: str) -> AppTest:
    """The app as the link to a step opens it, which names no page."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.session_state["language"] = language
    at.session_state["visitor"] = US
    for name, text in {"course": f"{steps.TEXTBOOK}-{number + 1}", **query}.items():
        at.query_params[name] = text
    return at.run()


def move_window(window: Window) -> None:
    state_of(window.at).seen = {"row": 9, "column": 4, "sum": 2.5, "output": 2.5}


def choose_layer(window: Window) -> None:
    """As the browser does that draws the maps: it says the layer when it was chosen there."""
    window.at.session_state[LAYER] = "pool2"


def draw(window: Window) -> None:
    state_of(window.at).seen = {"answer": "7", "probability": 0.93}


def train(window: Window) -> None:
    run = make_run("finished", owner=US)
    window.at.session_state["run"] = run.id


def worst_cell(window: Window) -> None:
    """The shirts that the network classifies as T-shirts: row and column of the matrix."""
    window.choose("evaluation_true", 6).choose("evaluation_predicted", 0)


def type_number(key: str, number: int) -> Callable[[Window], object]:
    return lambda window: window.rerun(WidgetState(id=window.find(key).id, double_value=number))


DEEDS: dict[str, Callable[[Window], object]] = {
    "cell": move_window,
    "side": lambda window: window.choose("convolution_chosen_stride", 1),
    "pooled": lambda window: window.choose("convolution_chosen_pool", 1),
    "other_picture": type_number("images_index", 3),
    "parameters": type_number("set_dense_0", 30),
    "stepped": lambda window: press(window, "training_step_next"),
    "trained": train,
    "mistake": worst_cell,
    "later_weights": lambda window: window.choose("kernels_epoch_fashion", -1),
    "layer_maps": choose_layer,
    "other_image": type_number("image_number", 3),
    "drawn": draw,
}
"""For each task what a learner does; `run` follows."""


@pytest.mark.parametrize(
    ("number", "language"),
    [
        case if (number + place) % 2 else at_length(*case)
        for number in range(len(steps.textbook("en").steps))
        for place, case in enumerate(product([number], texts.LANGUAGES))
    ],
)
def test_a_step_opens_its_page_and_its_task_can_be_done(number, language, visit, panel):
    step = steps.textbook(language).steps[number]
    assert step.goal is not None
    window = Window(join(language, number))
    at = window.at
    assert not at.exception
    assert [warning.value for warning in at.warning] == []
    assert address(at)["course"] == f"{steps.TEXTBOOK}-{number + 1}"
    _is_open(step, address(at), sent(at))
    assert panel[:2] == [step.text, step.question], "the task comes after the prediction"
    press(window, f"course_option_{(step.right + 1) % len(step.options)}")
    assert panel[-1] == step.task, panel
    assert number not in state_of(at).outcomes, "it is done before anything was done"
    DEEDS[step.goal.name](window)
    window.rerun()
    window.rerun()  # as the browser makes the panel look again
    numbers = state_of(at).outcomes[number]
    assert set(numbers) == set(CONDITIONS[step.goal.name].names)
    assert {step.why, step.options[step.right]} < set(panel)
    assert panel[-1].replace("\\", "") == step.closing(numbers)
    assert step.task not in panel


def _is_open(step: Step, state: dict[str, str], protos: str) -> None:
    """The address is that of the step, and the part that it outlines is on the page."""
    assert {name: state.get(name) for name in step.query} == dict(step.query)
    assert re.search(rf'["-]{step.highlight}(_\d+)?(\.\d+)?"', protos), "no such part to outline"
