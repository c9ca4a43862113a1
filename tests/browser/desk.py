"""The page with the pad as a visitor draws on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from conftest import Server
from hands import HANDS, PAD, Stroke, on_pad
from playwright.sync_api import Locator, Page, expect

COLD = 300_000  # milliseconds: a worker that still loads TensorFlow, on a busy machine


HINT = "Draw a digit here, anywhere and at any size"


THREE = on_pad(HANDS["plain"][3], 170, 0.5, 0.5)


FOUR = on_pad(HANDS["plain"][4], 170, 0.5, 0.5)  # two strokes


ANSWER = """
pad => {
  const reading = document.querySelector(".reading");
  const glyph = reading?.querySelector(".glyph");
  const local = document.querySelector(".desk");
  const number = (local ? pad.dataset.drawn : pad.dataset.sent) ?? "0";
  const names = [...(reading?.querySelectorAll(".each .name") ?? [])].map(name => name.innerText);
  const none = ["nothing", "crowded"].find(verdict => verdict === reading?.dataset.verdict);
  const said = glyph?.innerText ?? (names.join(" ") || none);
  return said && (reading.dataset.drawing ?? "0") === number && said;
}
"""


Windows = Callable[..., Page]


@dataclass
class Desk:
    """One window with the draw page in it."""

    page: Page

    @classmethod
    def of(cls, page: Page) -> Desk:
        """Wait until the page is there and nothing is on its way."""
        desk = cls(page)
        expect(desk.canvas).to_be_visible(timeout=COLD)
        desk.settled()
        return desk

    def settled(self) -> None:
        """Wait until the server has nothing more to say."""
        state = ("data-test-script-state", "notRunning")
        expect(self.page.get_by_test_id("stApp")).to_have_attribute(*state, timeout=COLD)

    @property
    def pad(self) -> Locator:
        return self.page.locator(".pad")

    @property
    def canvas(self) -> Locator:
        return self.pad.locator("canvas")

    @property
    def reading(self) -> Locator:
        return self.page.locator(".reading").first

    @property
    def glyph(self) -> Locator:
        return self.reading.locator(".glyph")

    @property
    def strokes(self) -> Locator:
        """What a screen reader is told: how many strokes there are."""
        return self.pad.locator(".status")

    def spot(self, x: float, y: float) -> tuple[float, float]:
        """A place on the pad, in its own units, as a place in the window."""
        return self.spots([(x, y)])[0]

    def spots(self, points: Stroke) -> list[tuple[float, float]]:
        box = self.canvas.bounding_box()
        return [
            (box["x"] + x / PAD * box["width"], box["y"] + y / PAD * box["height"])
            for x, y in points
        ]

    def draw(self, strokes: list[Stroke]) -> None:
        """With the mouse."""
        mouse = self.page.mouse
        for stroke in strokes:
            spots = self.spots(stroke)
            mouse.move(*spots[0])
            mouse.down()
            for spot in spots:
                mouse.move(*spot)
            mouse.up()

    def sent(self) -> int:
        return int(self.pad.get_attribute("data-sent") or 0)

    def drawn(self) -> int:
        """Number of the drawing that is on the pad."""
        return int(self.pad.get_attribute("data-drawn") or 0)

    def answered(self) -> int:
        """Number of the drawing that the answer on the screen belongs to."""
        return int(self.reading.get_attribute("data-drawing") or 0)

    def answer(self) -> str:
        """What the network says to the drawing that is on the pad now: its class, that of each of several
        digits, or the verdict that there is nothing to read.
        """
        pad = self.pad.element_handle()
        return str(self.page.wait_for_function(ANSWER, arg=pad, timeout=COLD).json_value())

    def probabilities(self) -> list[str]:
        """The ten probabilities, as they are written."""
        return self.reading.locator(".share").all_inner_texts()

    def pixels(self) -> str:
        return str(self.canvas.evaluate("canvas => canvas.toDataURL()"))

    def press(self, name: str) -> None:
        self.pad.get_by_role("button", name=name).click()

    def scrolled(self) -> float:
        return float(self.page.get_by_test_id("stMain").evaluate("main => main.scrollTop"))


@pytest.fixture
def link(app: Server) -> str:
    return f"{app.url}/draw?lang=en&run=digits"


@pytest.fixture
def desk(link: str, window: Windows) -> Desk:
    return Desk.of(window(link))


def seen_ink(desk: Desk) -> np.ndarray:
    """The canvas that the network gets, from the first of its step pictures."""
    values = desk.page.locator(".steps .canvas canvas").evaluate(
        """canvas => [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]"""
    )
    return np.array(values, float).reshape(140, 140, 4)[..., 0]
