"""Nothing of a visitor stays in memory once Streamlit has forgotten their session."""

from __future__ import annotations

import gc
import weakref

from visits import PAGES, visit

_ = visit  # a fixture


class Belongings:
    """Stands for all that a visitor has in their session."""


def test_no_page_holds_on_to_the_session_of_a_visitor_who_left(visit):
    left: dict[str, weakref.ref[Belongings]] = {}
    for page in PAGES:
        at = visit(page, run="fashion")
        belongings = Belongings()
        at.session_state["belongings"] = belongings
        at.run()
        assert [error.value for error in at.exception] == []
        assert at.session_state["belongings"] is belongings
        left[page] = weakref.ref(belongings)
        del at, belongings
    gc.collect()
    assert [page for page, belongings in left.items() if belongings() is not None] == []
