"""Every control of every page after the labels of others changed, by what a browser would send."""

from __future__ import annotations

import pickle
import types
from collections.abc import Callable, Iterator
from itertools import cycle, islice, product
from urllib.parse import parse_qsl

import numpy as np
import pytest
import streamlit as st
from lengths import LONG, at_length, repeats
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import (
    Block,
    Button,
    Element,
    NumberInput,
    Tab,
    TextArea,
    TextInput,
)
from sweep_play import finished
from visits import APP, PAGES, US, address, events_of, make_run
from window import Window, changes, labels, pick

from cnn_core import datasets, runs, texts
from cnn_core.analysis import deletion, landscape
from cnn_core.engine import Engine, looks
from cnn_core.labs.changes import CHANGES
from cnn_core.runs.log import EventWriter
from pages.session.doors import process

ELSEWHERE = {"home", "glossary", "room", "course"}  # nothing on them has labels but the language
OTHER_NETWORK = "inside_run"
BAD_CELLS = ("9" * 5000 + "-1", "10-0", "x", "²-0", "-", "03-1")
SECTIONS = [f"convolution?section={name}" for name in ("network", "flip", "pool", "stack")]
IN_TURN = [
    case if number % 2 == place else at_length(*case)
    for number, page in enumerate([*sorted(set(PAGES) - ELSEWHERE), "convolution?section=network"])
    for place, case in enumerate(product([page], texts.LANGUAGES))
]
"""Each page once at each landing: it begins in one language and goes on in the other."""
NO_STATE = {
    "image_class",  # which images are offered
}
PRESSES = repeats(2, 5)
"""Of Back; five in Chromium in tests/browser/test_walks.py."""
Open = Callable[..., Window]
ANSWERS: dict[bytes, bytes] = {}
"""What looks at the shipped networks answered, by the question: their weights do not change."""

pytestmark = pytest.mark.slow


@pytest.fixture
def visit(frozen: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a page in a window. Looks are answered in this process; no run is trained."""
    monkeypatch.setattr(Engine, "start", _at_once)
    monkeypatch.setattr(Engine, "ready", lambda self, kind: True)
    monkeypatch.setattr(Engine, "look", _look)
    monkeypatch.setattr(process, "engine", None)
    monkeypatch.setattr(process, "collection", "as Python does it")
    # A landscape takes many passes for each point; that the controls work shows on a small one, too.
    monkeypatch.setattr(landscape, "IMAGES", (4, 8))
    monkeypatch.setattr(landscape, "GRIDS", (5, 7))
    st.cache_resource.clear()

    def open_page(page: str, language: str, **query: str) -> Window:
        at = AppTest.from_file(str(APP), default_timeout=60)
        at.session_state["language"] = language
        at.session_state["visitor"] = US
        at.run()
        for name, text in query.items():
            at.query_params[name] = text
        return Window(at.switch_page(f"pages/{page}.py").run())

    yield open_page
    st.cache_resource.clear()


def _at_once(engine: Engine) -> Engine:
    engine._tried.set()
    return engine


def _look(
    engine: Engine, name: str, run: runs.Run, *arguments: object, timeout: float = 0
) -> object:
    if name.startswith("deletion"):  # half a second for an image, and nothing here reads the curves
        flat = np.zeros((len(deletion.ORDERS), len(deletion.FILLS), deletion.STEPS + 1))
        return {"deletion": flat, "insertion": flat, "images": 5}
    if name == "tsne":  # ten seconds, for a layout that nothing here reads
        return np.random.default_rng(0).normal(size=(arguments[1], 2))
    if name == "robustness":  # thousands of passes
        return {"correct": np.zeros(len(CHANGES[arguments[1]].curve), int), "images": 5}
    if not run.shipped:
        return looks.look(name, run.id, arguments)
    question = pickle.dumps((name, run.id, arguments))
    if question not in ANSWERS:  # the test in the other language asks the same
        ANSWERS[question] = pickle.dumps(looks.look(name, run.id, arguments))
    answer: object = pickle.loads(ANSWERS[question])
    return answer


def drive(window: Window) -> int:
    """Change one control after another; how many there were."""
    keys = [widget.key for widget in window.widgets()]
    count = 0
    for key in filter(None, keys):
        name = key.partition(".")[0]
        for place in range(2):
            found = [it for it in window.widgets() if (it.key or "").partition(".")[0] == name]
            if not found:
                break
            options = changes(found[0], window.states.get(found[0].id))
            if place < len(options):
                window.rerun(options[place])
                count += 1
    return count


@pytest.mark.parametrize(("page", "language"), IN_TURN)
def test_every_control_after_another_language_and_network(page, language, visit):
    name, _, query = page.partition("?")
    window = visit(name, language, **dict(parse_qsl(query)))
    before = choices(window)
    window.press_language("한국어" if language == "en" else "EN")
    assert choices(window) == before, "another language chose something else"
    window.rerun()
    assert choices(window) == before
    other_network = any((it.key or "").startswith(OTHER_NETWORK) for it in window.widgets())
    if LONG or not other_network:
        drive(window)
    if other_network:  # its labels, too, are in the other language
        window.choose(OTHER_NETWORK, -1).rerun()
        drive(window)


@pytest.mark.parametrize(
    "page",
    [
        *sorted(set(PAGES) - ELSEWHERE),
        *SECTIONS,
        "runs?runs=fashion~digits",
    ],
)
def test_every_control_is_in_the_link(page, visit, monkeypatch):
    """Each change is in the address, which alone opens the same; five presses of Back restore what was."""
    name, _, query = page.partition("?")
    if page == "sweep":
        query = f"sweep={finished(US).id}"
    window = visit(name, "en", **dict(parse_qsl(query)))
    entries = [(address(window.at), controls(window))]
    unseen = []

    def press(key: str) -> None:
        """Change this control once; an address that tells it is an entry of the history."""
        widget = next(
            (it for it in window.widgets() if (it.key or "").partition(".")[0] == key), None
        )
        if widget is None or isinstance(widget, Button) or key in NO_STATE:
            return
        value, link = widget.value, address(window.at)
        first = [pick(widget, 0)] if labels(widget) else []  # where the last is chosen already
        for change in [*changes(widget, window.states.get(widget.id)), *first]:
            window.rerun(change)
            now = [it.value for it in window.widgets() if it.id == widget.id]
            if now and now != [value]:
                if address(window.at) == link:
                    unseen.append(key)
                else:
                    entries.append((address(window.at), controls(window)))
                return

    keys = [widget.key.partition(".")[0] for widget in window.widgets() if widget.key]
    for key in keys:
        press(key)
    for key in islice(cycle(keys), 20 * len(keys)):
        if len(entries) > PRESSES:
            break
        press(key)
    assert unseen == [], "the address does not tell"
    assert len(entries) > PRESSES or not keys
    link = address(window.at)
    other = visit(name, "en", **link)
    assert [it.value for it in other.at.warning] == []
    assert controls(other) == controls(window)
    assert address(other.at) == link
    came_back = types.SimpleNamespace(is_history_navigation=True, query_string="")
    monkeypatch.setattr("pages.session.address.get_script_run_ctx", lambda: came_back)
    for entry in reversed([entries[0], *entries[-PRESSES:-1]]):
        window.at.query_params.clear()
        window.at.query_params |= entry[0]
        window.rerun()
        assert (address(window.at), controls(window)) == entry


@pytest.mark.parametrize("page", ["playground", "evaluation", "runs?runs=fashion~digits"])
def test_every_tab_is_in_the_link(page, visit):
    name, _, query = page.partition("?")
    window = visit(name, "en", **dict(parse_qsl(query)))
    count = len(rows_of_tabs(window))
    assert count
    for row in range(count):
        for place, label in reversed(list(enumerate(labels_of(rows_of_tabs(window)[row][0])))):
            before = address(window.at)
            tabs, _ = rows_of_tabs(window)[row]
            window.rerun(WidgetState(id=tabs.proto.tab_container.id, string_value=label))
            assert address(window.at) != before
            other = visit(name, "en", **address(window.at))
            assert [opened for _, opened in rows_of_tabs(other)][row] == place
            assert address(other.at) == address(window.at)


@pytest.mark.parametrize("page", [*sorted(PAGES), *SECTIONS, "runs?runs=fashion~digits"])
def test_a_field_stays_in_its_place_in_another_language(page, visit):
    """A browser draws again what has another place: what was typed there and not sent yet is lost."""
    name, _, query = page.partition("?")
    window = visit(name, "en", **dict(parse_qsl(query)))
    before = fields(window)
    window.press_language("한국어")
    assert fields(window) == before


def fields(window: Window) -> dict[str, tuple[str | int, ...]]:
    """For each field that one types in, by its key: the place at which the browser keeps it."""
    found: dict[str, tuple[str | int, ...]] = {}

    def walk(node: Block | Element, place: tuple[str | int, ...]) -> None:
        if isinstance(node, Block):
            for number, child in node.children.items():
                proto = getattr(child, "proto", None)
                walk(child, (*place, getattr(proto, "id", "") or number))
        elif isinstance(node, NumberInput | TextInput | TextArea):
            found[node.key or node.label] = place

    walk(window.at._tree, ())
    return found


def rows_of_tabs(window: Window) -> list[tuple[Block, int]]:
    """Each row of tabs, and which of them is open."""
    return [
        (block, block.proto.tab_container.default_tab_index)
        for block in window.at._tree
        if isinstance(block, Block) and block.type == "tab_container"
    ]


def labels_of(tabs: Block) -> list[str]:
    return [tab.label for tab in tabs.children.values() if isinstance(tab, Tab)]


def controls(window: Window) -> dict[str, object]:
    """What every control shows, by its key."""
    return {
        it.key.partition(".")[0]: it.value
        for it in window.widgets()
        if it.key and not isinstance(it, Button) and it.key not in NO_STATE
    }


def choices(window: Window) -> dict[str, object]:
    """What is chosen, by the key of the choice."""
    return {it.key.partition(".")[0]: it.value for it in window.widgets() if labels(it) and it.key}


@pytest.mark.parametrize(
    ("change", "language"),
    [
        ("set_dataset", "en"),
        at_length("set_size", "ko"),
        at_length("set_blocks", "en"),
        ("set_preset", "ko"),
    ],
)
def test_every_setting_after_another_data_set_size_or_network(change, language, visit):
    window = visit("playground", language)
    for option in repeats((-1,), (-1, 0)):
        window.choose(change, option)
        images = window.find("set_train_size")
        assert f"{training_images(window):,}" in labels(images)[0]
        drive(window)


def training_images(window: Window) -> int:
    """Training images of the data set and size that are chosen."""
    data, size = window.find("set_dataset").value, window.find("set_size").value
    return datasets.spec(data).counts[size].train


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_another_language_during_a_run_that_then_ends(language, visit):
    run = make_run("running")
    window = visit("playground", language, run=run.id)
    before = choices(window)
    window.press_language("한국어" if language == "en" else "EN")
    emit = EventWriter(run)
    emit(list(events_of("finished"))[-1])
    emit.close()
    runs.write_status(run, "finished")
    window.rerun().rerun()
    left = {key: value for key, value in before.items() if key != f"rate_{run.id}"}
    assert choices(window).items() >= left.items()
    drive(window)


@pytest.mark.parametrize("bad", [("part", "all"), *(("cell", it) for it in BAD_CELLS)])
def test_a_link_to_no_part_or_cell_of_an_evaluation_says_so(bad, visit):
    window = visit("evaluation", "en", run="digits", **dict([bad]))
    assert len(window.at.warning) == 1
    assert not visit("evaluation", "ko", run="digits").at.warning


@pytest.mark.parametrize(
    ("page", "wrong", "value", "sentence"),
    [
        ("explain", "class", "10", "The value of class in the link does not fit here"),
        ("explain", "layer", "pool1", "a layer that this network does not have"),
        ("explain", "shade", "pink", "The value of shade in the link does not fit here"),
        ("feature_maps", "part", "secret", "a part of the data that does not exist"),
        ("feature_maps", "index", "-3", "The value of index in the link does not fit here"),
        ("feature_maps", "index", "123456", "There is no image 123456"),
        ("feature_maps", "layer", "conv9", "a layer that this network does not have"),
        ("feature_maps", "run", "../../etc", "is not a run"),
        ("kernels", "layer", "../../etc", "a layer that this network does not have"),
        ("kernels", "epoch", "../../etc", "The value of epoch in the link does not fit here"),
        ("kernels", "filter", "../../etc", "The value of filter in the link does not fit here"),
        ("kernels", "run", "../../etc", "is not a run"),
    ],
)
def test_a_wrong_value_in_a_link_is_one_sentence(page, wrong, value, sentence, visit):
    at = visit(page, "en", **{"run": "fashion", wrong: value}).at
    [told] = [*at.warning, *at.error, *at.info]
    assert sentence in told.value


def test_an_evaluation_follows_a_second_link_in_the_same_window(visit):
    at = visit("evaluation", "en", run="digits", part="val", cell="3-5").at
    for part, cell in (("test", "2-7"), ("val", "3-5")):
        at.switch_page("pages/home.py").run()
        at.query_params |= {"run": "digits", "part": part, "cell": cell}
        at.switch_page("pages/evaluation.py").run()
        assert not at.exception
        assert (at.query_params["part"], at.query_params["cell"]) == (part, cell)
