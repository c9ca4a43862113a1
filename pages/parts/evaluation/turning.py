"""Which page of cards the evaluation shows: kept for the cards it belongs to, and in the address."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import streamlit as st

from pages.pictures import cards
from pages.pictures.cards import Answers
from pages.session.address import whole

NAMES = {"page": "cell", "mistakes": "mistakes"}
"""In the address, which cards are turned: those of a cell, or of the worst mistakes."""
MOST_PAGES = 10_000


def follow(link: Mapping[str, str]) -> None:
    """Open the pages that a link names, whatever cards it shows; the first where it names none."""
    for name, kind in NAMES.items():
        number = whole(link, name, MOST_PAGES)
        if number is not None or link:
            st.session_state[f"evaluation_page_{kind}"] = (None, number or 1)


def paged(answers: Answers, rows: np.ndarray, kind: str, which: str, size: int) -> None:
    """Cards, `size` at a time; other cards begin with their first page."""
    name = f"{answers.run.id}_{answers.part}_{which}"
    before, number = _page(kind)
    number = number if before in {None, name} else 1
    _keep(kind, name, number)
    cards.paged(answers, rows, f"{kind}_{name}", size, number, partial(_keep, kind, name))


def query() -> dict[str, str]:
    """The pages that are open and not the first, for the address."""
    pages = {name: _page(kind)[1] for name, kind in NAMES.items()}
    return {name: str(number) for name, number in pages.items() if number > 1}


def _page(kind: str) -> tuple[str | None, int]:
    page: tuple[str | None, int] = st.session_state.get(f"evaluation_page_{kind}", (None, 1))
    return page


def _keep(kind: str, name: str, number: int) -> None:
    st.session_state[f"evaluation_page_{kind}"] = (name, number)
