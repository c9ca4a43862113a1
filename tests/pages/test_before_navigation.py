"""What comes before Streamlit knows the page: a rerun from there would open the home page."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from visits import APP, Open, visit

__all__ = ["visit"]  # a fixture


def test_nothing_that_the_browser_can_answer_comes_before_the_page_is_known(
    visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted: list[str] = []

    def end_there(*_args: object, **_options: object) -> None:
        st.stop()

    def mount(*_args: object, **options: object) -> None:
        mounted.append(str(options.get("key")))

    monkeypatch.setattr(st, "navigation", end_there)
    monkeypatch.setattr(st, "rerun", lambda *_a, **_o: mounted.append("rerun"))
    monkeypatch.setattr("pages.session.visitor._mount", mount)
    monkeypatch.setattr("pages.session.frame._browser", mount)
    at = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not at.exception
    assert mounted == []
    assert list(at.main.children.values()) == []
