"""The presenter view without a browser: its link, its unknown names, its pages, and its way out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from visits import APP, visit

from cnn_core.paths import ROOT
from pages.parts.room.presenter_view import view_of
from pages.session.presenter_bar import neighbours
from pages.session.presenting import GROUPS, NAMES, PAGES, VIEW, View

__all__ = ["visit"]  # a fixture


def opened(page: str = "", view: View | None = None, **query: str) -> AppTest:
    """The first page in its frame, or the page of that name alone."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.session_state["language"] = "en"
    if view:
        at.session_state[VIEW] = view
    for name, text in query.items():
        at.query_params[name] = text
    if page:
        at.switch_page(f"pages/{page}.py")
    at.run()
    assert not at.exception
    return at


def warnings(at: AppTest) -> list[str]:
    return [part.value for part in at.warning]


def view_in(at: AppTest) -> View | None:
    return at.session_state[VIEW] if VIEW in at.session_state else None  # noqa: SIM401


def parameter(at: AppTest, name: str) -> str:
    """What the address says under that name; empty if nothing."""
    return "".join(at.query_params.get(name, ""))


def test_a_link_opens_the_view_and_every_page_keeps_it_in_its_address(visit: Any) -> None:
    at = opened(present="1", hide="lessons~sweep", show="hints")
    assert at.session_state[VIEW] == View(("lessons", "sweep"), ("hints",))
    assert warnings(at) == []
    at.query_params.clear()
    at.switch_page("pages/glossary.py").run()
    assert [parameter(at, name) for name in ("present", "hide", "show")] == [
        "1", "lessons~sweep", "hints",
    ]  # fmt: skip


def test_what_the_address_says_of_the_view_means_nothing_else() -> None:
    """A group of the name of a page would walk through that page alone when it is shown."""
    assert not set(GROUPS) & set(PAGES)
    assert {"layer", "part", "values", "view"} <= set(_choices()), (
        "choices of several pages are read"
    )
    assert not set(NAMES) & set(_choices())


def _choices() -> Iterator[str]:
    """Names that pages give to their choices in the address."""
    for path in (ROOT / "pages").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(ast.Name("Setting" | "flag"), [ast.Constant(str(name)), *_]):
                    yield name
                case ast.Call(
                    ast.Attribute(attr="Setting" | "flag"), [ast.Constant(str(name)), *_]
                ):
                    yield name
                case ast.Assign([ast.Name("LINK")], ast.Tuple(names)):
                    yield from (str(name.value) for name in names if isinstance(name, ast.Constant))


@pytest.mark.parametrize(
    ("query", "view"),
    [
        ({"present": "1", "hide": "lessons~everything"}, View(("lessons",))),
        ({"present": "1", "show": "<b>"}, View()),
        ({"present": "yes"}, None),
    ],
)
def test_a_name_that_there_is_not_gets_one_sentence(
    query: dict[str, str], view: View | None, visit: Any
) -> None:
    at = opened(**query)
    assert view_in(at) == view
    assert len(warnings(at)) == 1


def test_the_way_in_by_clicking_and_the_way_out(visit: Any) -> None:
    at = opened("room")
    at.button(key="presenter_view_open").click().run()
    assert not at.exception
    assert at.session_state[VIEW] == View()
    assert parameter(at, "present") == "1"
    at = opened(present="1")
    at.button(key="icon_presenter_leave").click().run()
    assert VIEW not in at.session_state
    assert parameter(at, "present") == ""
    at.run()
    assert VIEW not in at.session_state


def test_present_0_leaves_the_view(visit: Any) -> None:
    at = opened(view=View(), present="0")
    assert view_in(at) is None
    assert parameter(at, "present") == ""


def test_what_is_left_out_at_first_and_by_name() -> None:
    assert View().hidden_groups == ["exports", "hints"]
    assert View(("lessons",), ("hints",)).hidden_groups == ["lessons", "exports"]
    assert View(("hints",), ("hints",)).hidden_groups == ["exports", "hints"]
    assert view_of(["lessons", "exports"], ["kernels"]) == View(("lessons",), ("hints", "kernels"))


def test_pages_that_are_walked_through() -> None:
    pages = ["home", "images", "kernels", "draw"]
    assert View().walked(pages) == pages
    assert View(("images",)).walked(pages) == ["home", "kernels", "draw"]
    assert View((), ("draw", "images", "hints")).walked(pages) == ["images", "draw"]
    assert neighbours(["images", "draw"], pages, "kernels") == ("images", "draw")
    assert neighbours(["images", "draw"], pages, "draw") == ("images", "")
