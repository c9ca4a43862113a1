"""Choices and their labels: every page draws them by one module, which keeps options and not labels."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

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
