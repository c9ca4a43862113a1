"""Files that a page's scripts fetch, such as a network: where they are, for as long as it takes."""

from __future__ import annotations

import time

import streamlit as st
from streamlit import runtime

FILES = "fetched_files"  # session key: place -> when it was mentioned, and the bytes
KEPT_S = 20.0
KIND = "application/octet-stream"


def address(content: bytes, place: str) -> str:
    """Where browsers fetch a file; `place` is its name on the page.

    It is there for as long as the page mentions it, and 20 seconds longer: a browser may ask for what it
    heard of while the visitor goes on to another page.
    """
    st.session_state.setdefault(FILES, {})[place, hash(content)] = time.monotonic(), content
    url = runtime.get_instance().media_file_mgr.add(content, KIND, place)
    return url.lstrip("/")  # beside the page, wherever a proxy has put it


def keep() -> None:
    """Mention again what was mentioned a moment ago; Streamlit forgets a file after a run without it."""
    files = st.session_state.get(FILES, {})
    for (place, name), (mentioned, content) in list(files.items()):
        if time.monotonic() - mentioned > KEPT_S:
            del files[place, name]
        else:
            runtime.get_instance().media_file_mgr.add(content, KIND, f"{place} {name}")
