"""Choices and their labels: every page draws them by one module, which keeps options and not labels."""

from __future__ import annotations

import ast
import types
from pathlib import Path

import pytest
from streamlit.elements import layouts
from streamlit.elements.lib import utils
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.query_params_proxy import QueryParamsProxy
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import get_widget_state
from visits import APP, address, visit
from window import Window

from pages.session import tab_identity

__all__ = ["visit"]  # the fixture

COMPUTE = "compute_and_register_element_id"

ROOT = Path(__file__).parents[2]
LABELLED = {
    "selectbox",
    "segmented_control",
    "select_slider",
    "pills",
    "radio",
    "multiselect",
    "menu_button",
}
SCREENS = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]


@pytest.mark.parametrize("path", SCREENS, ids=lambda path: path.stem)
def test_no_screen_draws_a_choice_by_streamlit_itself(path):
    assert path.stem == "choices" or _raw(path.read_text(encoding="utf-8")) == []


def test_a_choice_drawn_by_streamlit_itself_is_found():
    for call in ("st.selectbox('', [])", "left.pills('', [])", "draw = st.columns(2)[0].radio"):
        assert len(_raw(call)) == 1
    assert _raw("_choices.selectbox('', [], key='a')") == []


def _raw(source: str) -> list[str]:
    """Streamlit's own widgets with labelled options that the source names."""
    return [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and node.attr in LABELLED
        and not (isinstance(node.value, ast.Name) and node.value.id in {"_choices", "choices"})
    ]


SET = {
    "playground": {
        "blocks": "24.5.2.valid.tanh.average.3~48",
        "dense": "77",
        "dropout": "0.45",
        "lr": "0.005",
        "data": "digits",
        "patience": "7",
    },
    "explain": {"run": "fashion", "side": "3", "filter": "2", "pattern": "conv2", "class": "4"},
    "feature_maps": {"run": "fashion", "layer": "conv2", "map": "7"},
    "kernels": {"run": "digits", "layer": "conv2", "epoch": "2"},
    "surgery": {"run": "fashion", "layer": "conv2", "filter": "5"},
}


@pytest.mark.parametrize("page", SET)
def test_a_browser_that_missed_what_set_a_control_begins_with_the_same_value(page, visit):
    """A run that is cut short takes its messages along; what a widget begins with comes with every run."""
    window = Window(visit(page, **SET[page]).run())
    kinds = set()
    for widget in window.widgets():
        begins = _begins(widget.proto, widget.type)
        if begins is not None:
            kinds.add(widget.type)
            assert get_widget_state(widget) == WidgetState(id=widget.id, **begins), widget.key
    assert len(kinds) > 1


def _begins(proto, kind):
    """The state in a browser of a widget it sees for the first time; None for other widgets."""
    match kind:
        case "number_input":
            return {"double_value": proto.default}
        case "slider":
            return {"double_array_value": {"data": proto.default}}
        case "select_slider":
            return {
                "string_array_value": {"data": [proto.options[int(it)] for it in proto.default]}
            }
        case "selectbox" if proto.HasField("default"):
            return {"string_value": proto.options[proto.default]}
        case "button_group":
            chosen = [proto.options[it] for it in proto.default]
            labels = [f"{it.content_icon} {it.content}".strip() for it in chosen]
            return {"string_array_value": {"data": labels}}
    return None


def test_after_going_back_each_run_sets_every_choice_and_says_its_address_again(visit, monkeypatch):
    """What the run before set may be lost: a further press of Back cuts that run short."""
    at = visit("playground", blocks="24.3.1.valid")
    link = address(at)
    came_back = types.SimpleNamespace(
        is_history_navigation=True, query_string="blocks=24.3.1.valid"
    )
    monkeypatch.setattr("pages.session.address.get_script_run_ctx", lambda: came_back)
    said: list[dict[str, str]] = []
    from_dict = QueryParamsProxy.from_dict
    monkeypatch.setattr(
        QueryParamsProxy, "from_dict", lambda self, tree: (said.append(tree), from_dict(self, tree))
    )
    for count in (1, 2):
        at.run()
        assert said == [link] * count
        assert [it.key for it in _choices(at) if not it.proto.set_value] == []
        assert len(_choices(at)) > 10


@pytest.mark.parametrize("goes_back", [True, False])
def test_the_frame_counts_what_it_answered_after_going_back(goes_back, visit, monkeypatch):
    came_back = types.SimpleNamespace(is_history_navigation=goes_back, query_string="image=3")
    monkeypatch.setattr("pages.session.address.get_script_run_ctx", lambda: came_back)
    at = AppTest.from_file(str(APP), default_timeout=60)
    before = {"count": 4, "path": "/runs", "query": "find=a"}
    at.session_state["address_answered"] = before
    at.run()
    answer = {"count": 5, "path": "", "query": "image=3"} if goes_back else before
    assert at.session_state["address_answered"] == answer


def _choices(at):
    kinds = (at.selectbox, at.select_slider, at.button_group)
    return [it for kind in kinds for it in kind if it.key and it.key.startswith("set_")]


@pytest.mark.parametrize("ours", [True, False])
def test_tabs_with_other_labels_are_the_same_tabs(ours, monkeypatch):
    """To Streamlit itself they are others: should that end, `tab_identity` can go."""
    if ours:
        tab_identity.install()
    else:
        monkeypatch.setattr(layouts, COMPUTE, getattr(utils, COMPUTE))

    def page():
        import streamlit as st

        st.tabs(st.session_state["labels"], key="parts", on_change="rerun")

    ids = []
    at = AppTest.from_function(page)
    for labels in (["Network", "Training"], ["신경망", "학습 설정"]):
        at.session_state["labels"] = labels
        assert not at.run().exception
        [tabs] = [node for node in at._tree if node.type == "tab_container"]
        ids.append(tabs.proto.id)
    assert (ids[0] == ids[1]) is ours
