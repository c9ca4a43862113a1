"""Choices and their labels: every page draws them by one module, which keeps options and not labels."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1.element_tree import get_widget_state
from visits import visit
from window import Window

__all__ = ["visit"]  # the fixture

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
