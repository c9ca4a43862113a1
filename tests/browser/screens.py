"""The playground as a visitor uses it: by labels, by roles, and by the keys of its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from conftest import TWO_FRAMES, eventually, rest
from playwright.sync_api import Locator, Page, expect

# A run that is long and light: one image per batch, 1,149 batches per epoch.
LONG = {
    "data": "digits",
    "blocks": "8.3",
    "dense": "none",
    "batch": "1",
    "epochs": "50",
    "patience": "0",
}
# One that is over in a moment.
SHORT = {**LONG, "batch": "64", "epochs": "2"}
COLD = 300_000  # milliseconds: a worker that still loads TensorFlow, on a busy machine
PIXELS = "canvas => canvas.toDataURL()"


@dataclass
class Playground:
    """One window with the playground in it."""

    page: Page

    @classmethod
    def of(cls, page: Page) -> Playground:
        """Wait until the page is there."""
        screen = cls(page)
        expect(screen.train_button).to_be_visible(timeout=COLD)
        return screen.settled()

    def settled(self) -> Playground:
        """Wait until the server has nothing more to say to the last change."""
        rest(self.page)
        return self

    @property
    def url(self) -> str:
        """What the address bar says; asked of the page, since `Page.url` waits for the next event."""
        return str(self.page.evaluate("location.href"))

    @property
    def query(self) -> dict[str, str]:
        """The parameters in the address bar."""
        return {name: texts[0] for name, texts in parse_qs(urlsplit(self.url).query).items()}

    @property
    def run(self) -> str:
        """The id of the run in the address bar."""
        eventually(lambda: "run" in self.query)
        return self.query["run"]

    @property
    def train_button(self) -> Locator:
        return self.part("train").get_by_role("button")

    @property
    def panel(self) -> Locator:
        return self.part("run_panel")

    @property
    def state(self) -> Locator:
        return self.panel.locator(".stMarkdownBadge")

    @property
    def progress(self) -> Locator:
        return self.panel.get_by_test_id("stProgress")

    @property
    def totals(self) -> Locator:
        return self.part("totals")

    @property
    def table(self) -> Locator:
        return self.page.get_by_test_id("stTable")

    @property
    def cards(self) -> Locator:
        return self.panel.locator("figure.card")

    @property
    def alerts(self) -> Locator:
        return self.page.get_by_test_id("stAlert")

    def part(self, key: str) -> Locator:
        """The part of the page that has this key."""
        return self.page.locator(f".st-key-{key}, [class*='st-key-{key}-']")

    def setting(self, name: str, index: int | None = None) -> Locator:
        return self.part(f"set_{name}" if index is None else f"set_{name}_{index}")

    @contextmanager
    def changing(self) -> Iterator[None]:
        """What is done inside changes the set-up: wait until the address bar says the new one."""
        before = self.url
        yield
        eventually(lambda: self.url != before)
        self.settled()

    def type(self, name: str, value: int, index: int | None = None) -> None:
        """Type a number into a field."""
        field = self.setting(name, index).get_by_role("spinbutton")
        with self.changing():
            field.fill(str(value))
            field.press("Enter")

    def choose(self, name: str, text: str, index: int | None = None) -> None:
        """Choose from a list."""
        box = self.setting(name, index).get_by_role("combobox")
        box.scroll_into_view_if_needed()
        self.page.evaluate(TWO_FRAMES)  # a list that has just opened closes when the page scrolls
        with self.changing():
            box.click()
            self.page.get_by_role("option", name=text, exact=True).click()

    def pick(self, name: str, text: str) -> None:
        """Press one button of a row."""
        with self.changing():
            self.setting(name).get_by_role("radio", name=text, exact=True).click()

    def slide(self, name: str, *keys: str) -> None:
        """Move a slider by the keyboard."""
        slider = self.setting(name).get_by_role("slider")
        with self.changing():
            for key in keys:
                slider.press(key)

    def value(self, name: str, index: int | None = None) -> str:
        """What a field or list shows."""
        return (
            self.setting(name, index)
            .get_by_role("combobox")
            .or_(self.setting(name, index).get_by_role("spinbutton"))
            .input_value()
        )

    def picked(self, name: str) -> str | None:
        """The pressed button of a row."""
        pressed = self.setting(name).get_by_role("radio", checked=True)
        return pressed.inner_text() if pressed.count() else None

    def slider(self, name: str) -> str:
        """What a slider says above its knob."""
        return self.setting(name).get_by_test_id("stSliderThumbValue").inner_text()

    def more(self, index: int) -> None:
        """Unfold a block's further settings."""
        self.part(f"more_{index}").locator("summary").click()
        expect(self.setting("stride", index)).to_be_visible()

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    def row(self, layer: str) -> str:
        """A row of the layer table, its cells joined by " | "."""
        row = self.table.get_by_role("row").filter(
            has=self.page.get_by_role("cell", name=layer, exact=True)
        )
        expect(row).to_have_count(1)
        return " | ".join(cell.strip() for cell in row.get_by_role("cell").all_inner_texts())

    def train(self) -> str:
        """Press Train; the id of the new run."""
        before = self.query.get("run")
        self.train_button.click()
        eventually(lambda: self.query.get("run") not in {None, before})
        return self.run

    def press(self, key: str) -> None:
        """Press the button of that key in the run panel."""
        button = self.part(key).get_by_role("button")
        expect(button).to_be_enabled(timeout=COLD)
        button.click()

    def chart(self, measure: str) -> Locator:
        """The canvas of the "loss" or the "accuracy" curve."""
        return self.panel.locator(f"[class*='st-key-{measure}_'] canvas")

    def alt(self, measure: str) -> str:
        """What a screen reader says of a curve."""
        chart = self.panel.locator(f"[class*='st-key-{measure}_']").get_by_role("img")
        return chart.get_attribute("aria-label") or ""

    def pixels(self, measure: str = "loss") -> str:
        return str(self.chart(measure).evaluate(PIXELS))

    def position(self) -> tuple[int, int]:
        """Epoch and batch that the progress bar names; (0, 0) before the first."""
        match = re.search(r"Epoch (\d+) of \d+ · batch ([\d,]+) of", self.progress.inner_text())
        return (int(match[1]), int(match[2].replace(",", ""))) if match else (0, 0)

    def wait_for_progress(self) -> None:
        """Wait until the run has gone on from where it is shown now."""
        before = self.position()
        eventually(lambda: self.position() > before)

    def wait_for_batches(self) -> None:
        """Wait until training has begun."""
        expect(self.progress).to_contain_text(re.compile(r"batch [1-9]"), timeout=COLD)

    def wait_for_end(self, state: str = "finished") -> None:
        expect(self.state).to_contain_text(state, timeout=COLD)
        self.settled()  # below, the images push down what comes after them

    def width(self) -> int:
        """How wide the content is, in pixels."""
        return int(self.page.evaluate("document.scrollingElement.scrollWidth"))
