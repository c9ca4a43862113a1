"""Figures as files: buttons that give one as PNG or SVG, made in the browser by `assets/saving`."""

from __future__ import annotations

import streamlit as st

from cnn_core.browser.bundle import bundle
from cnn_core.export.files import file_name
from cnn_core.paths import ASSETS
from pages.session.words import t

FOLDER = ASSETS / "saving"
STYLE = (FOLDER / "saving.css").read_text("utf-8")

_mount = st.components.v2.component(
    "convscope_saving",
    html='<div class="saving"></div>',
    css=STYLE,
    js=bundle(FOLDER / "saving.js"),
    isolate_styles=False,
)


def save_words(name: str, title: str) -> dict[str, str]:
    """What the buttons of a figure need.

    Args:
        name: Of the file, without its ending.
        title: Of the figure, for screen readers.
    """
    kinds = {kind: t("saving.save", name=title, kind=kind.upper()) for kind in ("png", "svg")}
    return {"name": file_name("convscope", name), **kinds}


def saving(key: str, svg: str, name: str, title: str) -> None:
    """Buttons for a figure; `name` and `title` as `save_words` takes them."""
    _mount(key=key, data={"svg": svg, "words": save_words(name, title)})
