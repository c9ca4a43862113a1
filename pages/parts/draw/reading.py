"""What networks say to a drawing, computed in the visitor's browser: mounts `assets/reading`."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnn_core import runs
from cnn_core.browser import desk
from cnn_core.browser.bundle import bundle
from cnn_core.paths import ASSETS
from pages.network import in_browser
from pages.network.names import class_names, name_of
from pages.session.words import t

FOLDER = ASSETS / "reading"
_mount = st.components.v2.component(
    "convscope_reading",
    html=(FOLDER / "reading.html").read_text("utf-8"),
    js=bundle(FOLDER / "reading.js"),
    isolate_styles=False,  # it looks like what the server would draw in its place
)


def reading(key: str, pad: str, selected: Sequence[runs.Run]) -> None:
    """Show what each network says to the drawing on a pad, in the frame in which it changes.

    Args:
        key: Its name on the page.
        pad: Key of the pad.
        selected: Networks that browsers get, as `in_browser.reads` says.
    """
    networks = [
        {
            **desk.network(t, run.model, name_of(run), class_names(run), run.train.dataset),
            **in_browser.address(run, f"{key}-{number}"),
        }
        for number, run in enumerate(selected)
    ]
    _mount(key=key, data=desk.reading(t, pad, networks))
