"""What a visitor changes stays changed, however late the browser hears of the address that a page wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import streamlit as st
import visits
from lengths import at_length
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1.element_tree import Button
from test_links_again import LINKS
from window import Window, changes

from pages.session import address

visit = visits.visit
SHORT = {"sweep", "runs", "kernels", "convolution"}
LEFT_OUT = {"home", "surgery", "embedding", "playground"}
"""No control, an address that waits for a worker, and a page that asks no address while it is open."""
PAGES = [page if page in SHORT else at_length(page) for page in LINKS if page not in LEFT_OUT]


def possible(window: Window) -> Iterator[WidgetState]:
    """A change of each control that is not a button."""
    for widget in window.widgets():
        if not isinstance(widget, Button) and widget.key:
            for change in changes(widget, window.states.get(widget.id)):
                if change != window.states.get(widget.id):
                    yield change
                    break


def send(window: Window, query: dict[str, str], *states: WidgetState) -> dict[str, str]:
    """Run the page as for a browser that still has this address; the address after it."""
    window.at.query_params.clear()
    window.at.query_params |= query
    window.rerun(*states)
    return visits.address(window.at)


def telling_change(window: Window, link: dict[str, str]) -> WidgetState:
    """A change that the address tells; of something that the link names if there is such."""
    told: list[WidgetState] = []
    for change in possible(window):
        before = visits.address(window.at)
        after = send(window, before, change)
        if after != before:
            told.append(change)
        if any(after.get(name) != before.get(name) for name in link):
            return told[-1]
    return told[0]


@pytest.mark.parametrize("page", PAGES)
def test_a_change_stays_where_the_browser_has_an_older_address(page: str, visit: Any) -> None:
    link = {**LINKS[page][0], "lang": "en"}
    change = telling_change(Window(visit(page, **link)), LINKS[page][0])
    window = Window(visit(page, **link))
    before = visits.address(window.at)
    after = send(window, before, change)
    assert after != before
    assert send(window, before) == after
    assert send(window, before) == after, "the browser heard of nothing for two runs"
    assert send(window, after) == after

    with cut_short(LINKS[page][0]):
        window = Window(visit(page, **link))
    assert send(window, link, change) == after
    assert send(window, link) == after


def test_a_link_within_the_app_is_the_pages_own_address_before_its_controls_are_there(visit: Any):
    at, (link, _) = visit("glossary"), LINKS["sweep"]
    at.query_params.clear()
    at.query_params |= link
    with cut_short(link):
        at.switch_page("pages/sweep.py").run()
    window, before = Window(at), visits.address(at)
    assert before == {**link, "lang": "en"}
    change = next(it for it in possible(window) if "sweep_images" in it.id)
    after = send(window, before, change)
    assert after["images"] != "0"
    assert send(window, before) == after


@pytest.mark.parametrize("page", ["kernels", "convolution"])
def test_a_link_on_the_first_page_of_a_window_leads_back_to_what_it_showed(
    page: str, visit: Any
) -> None:
    link = LINKS[page][0]
    window = Window(visit(page, **link, lang="en"))
    before = visits.address(window.at)
    after = send(window, before, telling_change(window, link))
    assert after != before
    assert send(window, after) == after
    assert send(window, link) == before


@contextmanager
def cut_short(link: dict[str, str]) -> Iterator[None]:
    """Meanwhile a page that follows this link ends where it would say its own address."""
    remember = address.remember

    def stop_before_it_says(page: str, query: dict[str, str]) -> None:
        if query != link:
            st.stop()
        remember(page, query)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(address, "remember", stop_before_it_says)
        yield
