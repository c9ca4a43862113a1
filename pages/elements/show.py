"""Scrolls to a part of the page."""

from __future__ import annotations

import streamlit as st

from cnn_core.browser.bundle import ASSETS, bundle

_scroll = st.components.v2.component("convscope_show", js=bundle(ASSETS / "show" / "show.js"))


def show(container: str, key: str) -> None:
    """Bring a container into sight, once.

    Args:
        container: Its key.
        key: Another one scrolls again.
    """
    _scroll(data=container, key=key)
