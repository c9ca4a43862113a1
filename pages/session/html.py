"""HTML in place, and sentences instead of what could not be had."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import streamlit as st
from markupsafe import Markup

from cnn_core.errors import CnnError
from cnn_core.paths import ASSETS
from pages.session.doors import engine
from pages.session.words import say_error, t

STYLE = ASSETS / "inside.css"


def html(text: Markup, place: Any = st) -> Any:
    """HTML that changes in place: st.html would put new elements there each time, and they flicker.

    Args:
        text: From `cnn_core.markup.fill`, which escapes what it shows.
        place: Where it goes.

    Returns:
        What was put there.
    """
    return place.markdown(text, unsafe_allow_html=True)


def heading(text: str, place: Any = st, width: Any = "stretch") -> None:
    """The heading of a part of the page, one level below the page's title.

    Without a link to itself, which would be one more stop for the tab key and change the address.
    """
    place.header(text, anchor=False, width=width)


def icon_button(name: str, icon: str, key: str, **settings: Any) -> bool:
    """A button that shows its icon alone; `name` is read by screen readers and shown on hover.

    The widget's key is `icon_` and `key`: style.css hides the name by it.
    """
    return bool(st.button(name, icon=icon, key=f"icon_{key}", help=name, **settings))


def waking() -> AbstractContextManager[None]:
    """Around what asks the network: says so while its process gets ready, and nothing afterwards."""
    if engine().ready("look"):
        return nullcontext()
    return st.spinner(t("inside.waking"))


def complain(error: CnnError) -> None:
    """One sentence instead of what could not be had."""
    off = error.key == "engine.off_look"  # no waiting changes that
    icon = ":material/power_off:" if off else ":material/hourglass_top:"
    st.warning(say_error(error), icon=icon)
