"""The presenter view of this window: large type without Streamlit's frame, and what it leaves out.

A link with `present=1` opens it, on any page; `hide=` and `show=` name groups of controls or pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import streamlit as st

from cnn_core.paths import ASSETS, ROOT
from pages.session.words import t

PRESENT, HIDE, SHOW = NAMES = ("present", "hide", "show")  # in the address
BETWEEN = "~"  # several names
GROUPS = ("navigation", "settings", "lessons", "exports", "hints")
AT_FIRST_HIDDEN = frozenset({"exports", "hints"})
PAGES = tuple(sorted(path.stem for path in (ROOT / "pages").glob("[a-z]*.py")))
VIEW, SEEN = "presenting_view", "presenting_seen"  # session keys
FOLDER = ASSETS / "present"
STYLE = FOLDER / "present.css"
WITHOUT = {group: FOLDER / f"hide_{group}.css" for group in GROUPS}


@dataclass(frozen=True, slots=True)
class View:
    """What the presenter view leaves out.

    Attributes:
        hide: Groups and pages that are left out.
        show: Groups that would be left out otherwise; and pages, if only these are walked through.
    """

    hide: tuple[str, ...] = ()
    show: tuple[str, ...] = ()

    @property
    def hidden_groups(self) -> list[str]:
        """The groups that are left out; what is named twice is."""
        hidden = (AT_FIRST_HIDDEN - set(self.show)) | set(self.hide)
        return [group for group in GROUPS if group in hidden]

    def walked(self, pages: Iterable[str]) -> list[str]:
        """The pages to walk through, in the order in which they are given."""
        only = set(self.show) & set(PAGES)
        return [page for page in pages if page not in self.hide and (page in only or not only)]

    def query(self) -> dict[str, str]:
        """As the address says it."""
        lists = {HIDE: BETWEEN.join(self.hide), SHOW: BETWEEN.join(self.show)}
        return {PRESENT: "1", **{name: text for name, text in lists.items() if text}}


def current() -> View | None:
    """The presenter view of this window; None if it is not open."""
    view: View | None = st.session_state.get(VIEW)
    return view


def enter(view: View) -> None:
    """Open the presenter view, or change it."""
    st.session_state[VIEW] = view


def leave() -> None:
    """Back to the usual view."""
    st.session_state.pop(VIEW, None)


def follow_link() -> None:
    """Open or leave the view as a link says; one sentence on names that there are not.

    A page that another page opens has nothing of it in its address: the view stays as it is.
    """
    address = tuple(st.query_params.get(name, "") for name in NAMES)
    if address == st.session_state.get(SEEN, ("", "", "")):
        return
    st.session_state[SEEN] = address
    present, *lists = address
    if present == "0":
        leave()
    elif present == "1":
        enter(
            View(
                *(_names(parameter, text) for parameter, text in zip(NAMES[1:], lists, strict=True))
            )
        )
    elif present:
        _warn(PRESENT, ("0", "1"))


def parameters() -> dict[str, str]:
    """What the address says of the view; nothing while it is not open."""
    view = current()
    query = view.query() if view else {}
    st.session_state[SEEN] = tuple(query.get(name, "") for name in NAMES)
    return query


def style() -> None:
    """The style of the view, and of each group that it leaves out."""
    if view := current():
        st.html(STYLE)
        for group in view.hidden_groups:
            st.html(WITHOUT[group])


def _names(parameter: str, text: str) -> tuple[str, ...]:
    """The names in a list of the address that there are."""
    names = list(dict.fromkeys(filter(None, text.split(BETWEEN))))
    if not set(names) <= {*GROUPS, *PAGES}:
        _warn(parameter, tuple(dict.fromkeys((*GROUPS, *PAGES))))
    return tuple(name for name in names if name in (*GROUPS, *PAGES))


def _warn(parameter: str, values: Sequence[str]) -> None:
    words = t("inside.bad_choice", name=parameter, known=", ".join(values))
    st.warning(words, icon=":material/link_off:")
