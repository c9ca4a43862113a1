"""The first screen of each page: place of the answer, contrast, size of text, headings, layout shift."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import axe_playwright_python
from playwright.sync_api import Browser, Error, Page

from bench.app import BenchError, browsing, serving
from bench.report import Figure

SCREENS = {
    "laptop": (1366, 768),
    "projector": (1280, 720),
    "phone": (390, 844),
    "phone on its side": (844, 390),
}
MOST_SHIFT = 0.05
SMALLEST_PX = 14.0
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
READY_S, CALM_MS = 120.0, 250
"""Seconds for a page to settle while the workers start; then it must be at rest for four times CALM_MS."""


@dataclass(frozen=True)
class Screen:
    """A page and what is measured on it.

    Attributes:
        answer: CSS selectors of which the first that is there holds the answer of the page.
        controls: What is pressed, a CSS selector by the name in the table.
    """

    answer: tuple[str, ...]
    controls: dict[str, str]


def _option(key: str, place: int) -> str:
    return f'[class*="st-key-{key}"] [role="radiogroup"] button >> nth={place}'


PAGES = {
    "home": Screen((".flow .verdict",), {"image": ".flow .strip button >> nth=2"}),
    "images": Screen((".st-key-images_pixels",), {"source": _option("images_source", 1)}),
    "convolution": Screen(
        (".st-key-convolution_result",), {"stride": _option("convolution_chosen_stride", 1)}
    ),
    "notes": Screen(
        ('[class*="st-key-note_"]', '[class*="st-key-slip_"]'), {"part": _option("notes_part", 1)}
    ),
    "glossary": Screen(('[class*="st-key-term_"]',), {}),  # an opened entry moves what is below it
    "training_step": Screen((".step-answer",), {"start": _option("training_step_start", 1)}),
    "playground": Screen(
        (".st-key-network",),
        {"blocks": _option("set_blocks", 2), "tab": '[role="tab"] >> nth=1'},
    ),
    "runs": Screen((".st-key-runs_live",), {"whose": _option("runs_whose", 1)}),
    "sweep": Screen(
        (".st-key-sweep_live", ".st-key-sweep_form"), {"method": _option("sweep_method", 1)}
    ),
    "kernels": Screen(
        (".st-key-kernels_mosaics",),
        {"layer": _option("kernels_layer", 1), "scale": _option("kernels_reach", 1)},
    ),
    "feature_maps": Screen(
        (".st-key-close_up .close-up",), {"scale": _option("feature_maps_reach", 1)}
    ),
    "evaluation": Screen(
        (".st-key-confusion",),
        {"part": 'button:has(p:text-is("Training"))', "cells": _option("evaluation_show", 1)},
    ),
    "explain": Screen(
        (".decision .answer", ".decision"),
        {"shade": _option("explain_shade", 1), "layer": _option("explain_layer", 0)},
    ),
    "surgery": Screen(
        (".surgery-answer", ".st-key-surgery_result .class-shares, .two-shares"),
        {"layer": _option("surgery_layer_choice", 1), "view": _option("surgery_view", 1)},
    ),
    "embedding": Screen((".st-key-embedding",), {"dimensions": _option("embedding_dimensions", 1)}),
    "challenges": Screen(
        (".st-key-goal_field",), {"hint": '[class*="st-key-hint_"] button >> nth=0'}
    ),
    "landscape": Screen(
        (".st-key-landscape_stage",),
        {"plane": _option("landscape_plane", 1), "part": _option("landscape_part", 1)},
    ),
    "robustness": Screen(
        (".st-key-robustness_result",), {"change": _option("robustness_change", 1)}
    ),
    "draw": Screen((".readings",), {"source": _option("draw_source", 1)}),
    "room": Screen((".st-key-room_enter",), {"presenter view": ".stMain summary >> nth=0"}),
    "course": Screen(
        (".st-key-join_course", ".st-key-part_0"), {"own course": ".st-key-own_start button"}
    ),
}

HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6, [role=heading]")]
    .filter(it => it.checkVisibility()).map(it => +(it.ariaLevel ?? it.tagName[1]))"""
FAINT = """() => axe.run({runOnly: ["color-contrast"], resultTypes: ["violations"]}).then(
    (results) => results.violations.flatMap((rule) => rule.nodes.map((node) => node.html.slice(0, 100))))"""
SMALLEST = """() => {
  const sizes = [];
  const walk = (root) => {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const part = text.parentElement ?? root.host;
      const inSight = part.checkVisibility({visibilityProperty: true, opacityProperty: true});
      const box = part.getBoundingClientRect();
      const isDrawn = part.closest("svg, style, script, .katex");
      if (!text.data.trim() || !inSight || box.width < 2 || isDrawn) continue;
      sizes.push(parseFloat(getComputedStyle(part).fontSize));
    }
    for (const part of root.querySelectorAll("*")) if (part.shadowRoot) walk(part.shadowRoot);
  };
  walk(document.body);
  return Math.min(...sizes);
}"""
OBSERVE = """() => {
  window.shifts = 0;
  window.shiftsOf?.disconnect();
  window.shiftsOf = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifts += entry.value;
  });
  window.shiftsOf.observe({ type: "layout-shift" });
}"""
AT_REST = """() => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning"
  && !document.querySelector('[data-testid="stSpinner"], [data-testid="stSkeleton"]')
  && ![...document.querySelectorAll('[data-testid="stProgress"]')]
    .some((bar) => !bar.closest(".st-key-notes_controls") && location.pathname !== "/challenges")
  && !!document.querySelector("h1, [role=heading]")"""


def measure(*, quick: bool) -> Iterator[Figure]:
    """For each page the place of the answer on each screen, how it reads, then the shift of each control."""
    with serving() as server, browsing() as browser:
        server.wait_until_open()
        for name, screen in PAGES.items():
            address = f"{server.url}/{'' if name == 'home' else name}?lang=en"
            yield _places(browser, name, screen, address)
            yield from _reading(browser, name, address)
            if not quick:
                yield from _shifts(browser, name, screen, address)


def _places(browser: Browser, name: str, screen: Screen, address: str) -> Figure:
    """Where the answer begins, in pixels from the top of the window; on every screen it must be seen."""
    tops: dict[str, float] = {}
    with _window(browser, *SCREENS["laptop"]) as page:
        page.goto(address)
        for size, (width, height) in SCREENS.items():
            page.set_viewport_size({"width": width, "height": height})
            _settle(page)
            tops[size] = _top(page, screen)
    seen = all(top < SCREENS[size][1] for size, top in tops.items())
    places = ", ".join(f"{size} {top:.0f}" for size, top in tops.items())
    return Figure(f"first screen: {name}", f"{places} px", "on the screen", seen, tops)


def _reading(browser: Browser, name: str, address: str) -> Iterator[Figure]:
    """What is too faint in either theme, the smallest text, and whether headings skip a level."""
    faint: dict[str, list[str]] = {}
    for theme in THEMES:
        with _window(browser, *SCREENS["laptop"], theme) as page:
            page.goto(address)
            _settle(page)
            page.evaluate(AXE)
            faint[theme] = page.evaluate(FAINT)
            smallest, levels = float(page.evaluate(SMALLEST)), page.evaluate(HEADINGS)
    words = ", ".join(f"{theme} {len(parts)}" for theme, parts in faint.items())
    yield Figure(
        f"texts below 4.5:1: {name}", words, "none", not any(faint.values()), {"faint": faint}
    )
    yield Figure(
        f"smallest text: {name}", f"{smallest:g} px", f"at least {SMALLEST_PX:g} px",
        smallest >= SMALLEST_PX, {"smallest_px": smallest},
    )  # fmt: skip
    in_order = levels[:1] == [1] and all(after <= before + 1 for before, after in pairwise(levels))
    listed = " ".join(f"h{level}" for level in dict.fromkeys(levels))
    yield Figure(f"headings: {name}", f"{len(levels)}, {listed}", "no level is skipped", in_order)


def _shifts(browser: Browser, name: str, screen: Screen, address: str) -> Iterator[Figure]:
    with _window(browser, *SCREENS["laptop"]) as page:
        page.goto(address)
        _settle(page)
        for control, selector in screen.controls.items():
            row = f"layout shift: {name}, {control}"
            try:
                shift = _shift(page, selector)
            except BenchError as error:  # the other controls are still measured
                yield Figure(row, f"not measured: {error}", ok=False)
                continue
            met = shift <= MOST_SHIFT
            yield Figure(row, f"{shift:.3f}", f"at most {MOST_SHIFT}", met, {"shift": shift})


@contextmanager
def _window(
    browser: Browser, width: int, height: int, theme: Literal["light", "dark"] = "light"
) -> Iterator[Page]:
    """An empty window of a new visitor, of that size."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="en-US",
        reduced_motion="reduce",
        color_scheme=theme,
    )
    try:
        yield context.new_page()
    finally:
        context.close()


def _settle(page: Page) -> None:
    """Return when the server has nothing more to say."""
    calm = 0
    for _ in range(int(1000 * READY_S / CALM_MS)):
        calm = calm + 1 if page.evaluate(AT_REST) else 0
        if calm == 4:
            return
        page.wait_for_timeout(CALM_MS)
    raise BenchError(f"{page.url} did not come to rest")


def _top(page: Page, screen: Screen) -> float:
    place = page.locator(", ".join(screen.answer)).first
    try:
        place.wait_for(timeout=1000 * READY_S)
    except Error as error:
        raise BenchError(f"{page.url} shows no answer") from error
    box = place.bounding_box()
    return float(box["y"]) if box else 0.0


def _shift(page: Page, selector: str) -> float:
    """The sum of all layout shifts from the press until the page is at rest."""
    place = page.locator(selector)
    try:
        place.scroll_into_view_if_needed(timeout=10_000)
    except Error as error:
        raise BenchError(f"{page.url} has no control {selector}") from error
    page.wait_for_timeout(CALM_MS)
    page.evaluate(OBSERVE)
    place.click()
    page.wait_for_timeout(CALM_MS)
    _settle(page)
    return float(page.evaluate("window.shifts"))
