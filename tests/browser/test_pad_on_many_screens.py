"""Canvases on screens of every density, and the pad zoomed, pinched and turned in the middle of a drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest
from conftest import Server, eventually
from desk import COLD, THREE, Desk, Windows, link, seen_ink
from desk import FOUR as CORNERED
from hands import PAD, Stroke
from playwright.sync_api import CDPSession, expect

__all__ = ["link"]  # a fixture

PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
ROUND = 10  # pixels of the canvas that the brush adds on each side, at most
IN_WINDOW = "([x, y]) => [x - visualViewport.offsetLeft, y - visualViewport.offsetTop]"
"""Where in the window a place of the page is while it is pinched, in CSS pixels, as DevTools take them."""
INKED = """(canvas, [points, side]) => {
    const pen = canvas.getContext("2d");
    const at = (place) => Math.round((place * canvas.width) / side);
    return points.every(([x, y]) => pen.getImageData(at(x), at(y), 1, 1).data[3] > 0);
}"""
"""Whether the sheet on the screen has ink at all those places."""
PIECES = 6  # of each line between two points: a sharp corner between far points is drawn round
IS_SHARP = "canvas => Math.abs(canvas.width - canvas.clientWidth * devicePixelRatio) <= 1"


def _fine(strokes: list[Stroke]) -> list[Stroke]:
    """The same with more points, as a hand makes them."""
    return [
        [
            (x + (to_x - x) * piece / PIECES, y + (to_y - y) * piece / PIECES)
            for (x, y), (to_x, to_y) in pairwise(stroke)
            for piece in range(PIECES)
        ]
        + stroke[-1:]
        for stroke in strokes
    ]


FOUR = _fine(CORNERED)


@contextmanager
def devtools(desk: Desk) -> Iterator[CDPSession]:
    """What Playwright has no words for; ended with all that it changed."""
    session = desk.page.context.new_cdp_session(desk.page)
    try:
        yield session
    finally:
        session.detach()


def _draw(desk: Desk, session: CDPSession, strokes: list[Stroke]) -> None:
    """With one finger, whatever the scale of the screen."""

    def send(kind: str, places: list[tuple[float, float]]) -> None:
        points = [{"x": x, "y": y} for x, y in places]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    for stroke in strokes:
        spots = [tuple(desk.page.evaluate(IN_WINDOW, list(spot))) for spot in desk.spots(stroke)]
        send("touchStart", spots[:1])
        for spot in spots[1:]:
            send("touchMove", [spot])
        send("touchEnd", [])


def _ink_is_under_the_finger(desk: Desk, strokes: list[Stroke]) -> None:
    """On the sheet, and on the canvas that the network gets; and nowhere else."""
    points = [point for stroke in strokes for point in stroke]
    eventually(lambda: desk.canvas.evaluate(INKED, [points, PAD]))
    eventually(lambda: _covers(seen_ink(desk), points))


def _covers(ink: np.ndarray, points: list[tuple[float, float]]) -> bool:
    columns, rows = np.array(points).T * len(ink) / PAD
    inked_rows, inked_columns = np.nonzero(ink)
    ends = [(inked_rows, rows), (inked_columns, columns)]
    return all(ink[rows.astype(int), columns.astype(int)] > 0) and all(
        abs(inked.min() - drawn.min()) <= ROUND and abs(inked.max() - drawn.max()) <= ROUND
        for inked, drawn in ends
    )


@pytest.mark.long
@pytest.mark.parametrize("density", [1, 2, 3])
def test_on_screens_of_every_density(density: int, link: str, window: Windows) -> None:
    desk = Desk.of(window(link, **PHONE, device_scale_factor=density))
    eventually(lambda: desk.canvas.evaluate(IS_SHARP))
    assert desk.page.evaluate("devicePixelRatio") == density
    with devtools(desk) as session:
        _draw(desk, session, THREE)
    expect(desk.strokes).to_have_text("Strokes on the pad: 1")
    assert desk.answer() == "3"
    _ink_is_under_the_finger(desk, THREE)


@pytest.fixture
def zoom() -> Callable[[Desk, CDPSession, float], None]:
    """zoom(desk, session, 1.5): as Ctrl and + does, with larger pixels and fewer of them in the window."""

    def to(desk: Desk, session: CDPSession, factor: float) -> None:
        size = {"width": round(1280 / factor), "height": round(900 / factor)}
        scale = {"deviceScaleFactor": factor, "mobile": False}
        session.send("Emulation.setDeviceMetricsOverride", {**size, **scale})
        eventually(lambda: abs(desk.page.evaluate("devicePixelRatio") - factor) < 0.01)

    return to


@pytest.mark.parametrize(
    ("factor", "other"), [(0.8, 1.5), pytest.param(1.5, 0.8, marks=pytest.mark.long)]
)
def test_a_page_that_is_zoomed_in_the_middle_of_a_drawing(
    factor: float, other: float, link: str, window: Windows, zoom
) -> None:
    desk = Desk.of(window(link))
    with devtools(desk) as session:
        zoom(desk, session, factor)
        eventually(lambda: desk.canvas.evaluate(IS_SHARP))
        desk.draw(FOUR[:1])
        expect(desk.strokes).to_have_text("Strokes on the pad: 1")
        zoom(desk, session, other)
        eventually(lambda: desk.canvas.evaluate(IS_SHARP))
        _ink_is_under_the_finger(desk, FOUR[:1])
        desk.draw(FOUR[1:])
        expect(desk.strokes).to_have_text("Strokes on the pad: 2")
        assert desk.answer() == "4"
        _ink_is_under_the_finger(desk, FOUR)


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "canvases"),
    [("", ".flow .board canvas"), ("convolution", ".stepper .output canvas")],
    ids=["home", "stepper"],
)
def test_other_canvases_are_sharp_when_the_page_is_zoomed(
    path: str, canvases: str, app: Server, window: Windows, zoom
) -> None:
    desk = Desk(window(f"{app.url}/{path}?lang=en"))
    drawn = desk.page.locator(canvases).first
    expect(drawn).to_be_visible(timeout=COLD)
    desk.settled()
    with devtools(desk) as session:
        for factor in (1.5, 0.8):
            zoom(desk, session, factor)
            eventually(lambda: drawn.evaluate(IS_SHARP))


@pytest.mark.long
def test_a_phone_that_is_pinched_and_turned_in_the_middle_of_a_drawing(link, window) -> None:
    desk = Desk.of(window(link, **PHONE))
    with devtools(desk) as session:
        _draw(desk, session, FOUR[:1])
        session.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 1.2})
        eventually(lambda: desk.page.evaluate("visualViewport.scale") > 1.1)
        _draw(desk, session, FOUR[1:])
        expect(desk.strokes).to_have_text("Strokes on the pad: 2")
        assert desk.answer() == "4"
        _ink_is_under_the_finger(desk, FOUR)
        session.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 1})
        eventually(lambda: desk.page.evaluate("visualViewport.scale") == 1)

        desk.press("Undo")
        _turn(desk, 844, 390)
        expect(desk.strokes).to_have_text("Strokes on the pad: 1")
        _ink_is_under_the_finger(desk, FOUR[:1])
        _draw(desk, session, FOUR[1:])
        expect(desk.strokes).to_have_text("Strokes on the pad: 2")
        assert desk.answer() == "4"
        _ink_is_under_the_finger(desk, FOUR)
        written = desk.probabilities()
        _turn(desk, 390, 844)
        assert desk.answer() == "4"
        eventually(lambda: desk.probabilities() == written)
        _ink_is_under_the_finger(desk, FOUR)


def _turn(desk: Desk, width: int, height: int) -> None:
    """Until the pad has its new place."""
    side = desk.canvas.bounding_box()["width"]
    desk.page.set_viewport_size({"width": width, "height": height})
    eventually(lambda: desk.canvas.bounding_box()["width"] != side)
    desk.settled()
    eventually(lambda: desk.canvas.evaluate(IS_SHARP))
