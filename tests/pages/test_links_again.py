"""A link is followed on every page whatever the window showed before, here or on another page."""

from __future__ import annotations

from typing import Any

import pytest
import visits

from pages.session.address import LONGEST_FIND

visit = visits.visit
DIGITS, FASHION = {"run": "digits"}, {"run": "fashion"}
LINKS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "home": ({"image": "3"}, {"image": "7"}),
    "images": ({"index": "4"}, {"index": "9"}),
    "convolution": ({"section": "slide"}, {"section": "pool"}),
    "glossary": ({"term": "loss"}, {"term": "stride"}),
    "notes": ({"part": "weights"}, {"part": "slips", "find": "dropout"}),
    "runs": ({"axis": "seconds"}, {"axis": "epochs", "starred": "1"}),
    "sweep": ({"method": "grid", "vary_stride": "1, 2"}, {"method": "random", "vary_kernel": "3"}),
    "training_step": ({**DIGITS, "optimizer": "sgd"}, {**FASHION, "optimizer": "momentum"}),
    "kernels": ({**DIGITS, "layer": "conv2"}, {**FASHION, "layer": "conv1"}),
    "feature_maps": ({**DIGITS, "layer": "conv2"}, {**FASHION, "layer": "conv1"}),
    "evaluation": ({**DIGITS, "part": "val"}, {**FASHION, "part": "test"}),
    "explain": ({**DIGITS, "side": "4"}, {**FASHION, "side": "6"}),
    "robustness": ({**DIGITS, "rotate": "14"}, {**FASHION, "rotate": "-30", "blur": "1.5"}),
    "surgery": ({**DIGITS, "layer": "conv2"}, {**FASHION, "layer": "conv1"}),
    "embedding": (DIGITS, FASHION),
    "landscape": ({**DIGITS, "part": "train"}, {**FASHION, "plane": "random", "seed": "2"}),
    "draw": (
        {**DIGITS, "source": "photograph", "digit_steps": "ground~crop", "from": "camera"},
        {**FASHION, "source": "photograph", "item_steps": "none", "kind": "picture"},
    ),
    "playground": ({"dropout": "0.2"}, {"dropout": "0.4"}),
}
LEFT_OUT = {"axis": "epochs"}  # of the address, as what a page begins with


def follow(at: Any, page: str, link: dict[str, str]) -> dict[str, str]:
    """Open a page by a link in the same window, and give back its address then."""
    at.query_params.clear()
    for name, text in link.items():
        at.query_params[name] = text
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception
    assert not [it for it in at.warning if "link_off" in it.icon]
    return {name: at.query_params[name] for name in at.query_params}


@pytest.mark.parametrize("page", LINKS)
def test_a_second_link_in_the_same_window_is_followed(page: str, visit: Any) -> None:
    first, second = LINKS[page]
    at = visit(page, **first)
    for link in (first, second, first):
        follow(at, "images" if page == "glossary" else "glossary", {})
        address = follow(at, page, link)
        assert (
            address.items()
            >= {k: v for k, v in link.items() if (k, v) not in LEFT_OUT.items()}.items()
        )


@pytest.mark.parametrize("page", ["notes", "glossary", "runs"])
def test_a_search_in_a_link_is_cut_to_what_its_field_takes(page: str, visit: Any) -> None:
    at = visit(page, find="x" * 5000)
    assert not at.exception
    assert len(visits.address(at)["find"]) == LONGEST_FIND
    [field] = at.text_input
    assert (field.value, field.proto.max_chars) == ("x" * LONGEST_FIND, LONGEST_FIND)


@pytest.mark.parametrize("page", [page for page, (link, _) in LINKS.items() if "run" in link])
def test_a_link_that_a_page_has_shown_before_is_followed_again(page: str, visit: Any) -> None:
    link, _ = LINKS[page]
    at = visit(page, **link)
    address = follow(at, page, link)
    follow(at, "kernels" if page != "kernels" else "surgery", FASHION)
    assert follow(at, page, address)["run"] == "digits"


@pytest.mark.parametrize(
    ("page", "old", "new"),
    [
        ("evaluation", {"show": "shares"}, {"values": "shares"}),
        ("surgery", {"show": "maps"}, {"view": "maps"}),
    ],
)
def test_a_link_of_an_earlier_version_chooses_the_same(
    page: str, old: dict[str, str], new: dict[str, str], visit: Any
) -> None:
    at = visit(page, **FASHION, **old)
    assert not [it for it in at.warning if "link_off" in it.icon]
    assert visits.address(at).items() >= new.items()
    at = visit(page, **FASHION, show="exports")  # what the presenter view shows
    assert not [it for it in at.warning if "link_off" in it.icon]
    assert not visits.address(at).keys() & new.keys()
