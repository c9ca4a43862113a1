"""A page has one name: of its file, in the address, before its keys and its texts."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from test_session_keys import FILES, REST, keys_of

from cnn_core import texts

ROOT = Path(__file__).parents[2]
OTHER = {
    "conv": "convolution", "maps": "feature_maps", "pattern": "explain", "patterns": "explain",
    "filters": "kernels",
}  # fmt: skip
"""Words that used to stand for a page, and the page's name."""
STYLES = sorted((ROOT / "assets").rglob("*.css"))


def head(key: str) -> str:
    return re.split(r"[_.]", key.partition(REST)[0])[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_key_begins_with_another_word_for_a_page(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    names = {
        it.value.value
        for it in ast.walk(tree)
        if isinstance(it, ast.keyword) and it.arg == "key" and isinstance(it.value, ast.Constant)
    }
    assert not [key for key in keys_of(tree) | names if head(str(key)) in OTHER]


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_no_style_sheet_names_a_page_otherwise(path: Path) -> None:
    keys = re.findall(r"st-key-([a-z_]+)", path.read_text("utf-8"))
    assert not [key for key in keys if head(key) in OTHER]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_texts_of_a_page_stand_under_its_name(language: str) -> None:
    tables = {key.partition(".")[0] for key in texts.table(language)}
    assert not tables & set(OTHER)
    assert tables >= set(OTHER.values())
