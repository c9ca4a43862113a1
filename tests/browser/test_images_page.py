"""The images page in a browser: any number of any image can be read, by pointer, finger and keyboard."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from conftest import Server, eventually
from inside import Inside
from PIL import Image
from playwright.sync_api import Page, expect

from cnn_core import datasets
from cnn_core.images import arrays, photographs

Window = Callable[..., Page]
ENGLISH = re.compile(
    "Upload|per file|Drag|allowed|smaller|Error"
)  # Streamlit's own words for a file
DRAGGED = """() => {
  const data = new DataTransfer();
  data.items.add(new File(["x"], "x.png", { type: "image/png" }));
  return data;
}"""


def grid(page: Page) -> dict[tuple[int, int], list[float]]:
    """The numbers in the grid, by row and column of the image."""
    cells = page.locator(".grid span")
    expect(cells.first).to_be_visible()
    read = cells.evaluate_all("parts => parts.map(part => [part.dataset.at, part.textContent])")
    return {
        tuple(map(int, at.split(","))): [float(line) for line in text.split("\n")]
        for at, text in read
    }


def holds(page: Page, image: np.ndarray, top: int, left: int, cells: int) -> None:
    """Wait until the grid shows exactly that window of the image."""
    box = image[top : top + cells, left : left + cells].reshape(cells, cells, -1)
    expected = {
        (top + row, left + column): box[row, column].tolist()
        for row in range(cells)
        for column in range(cells)
    }
    eventually(lambda: grid(page) == expected)


def readable(page: Page) -> float:
    """The least contrast between the figures of a cell and its colour."""
    colours = page.locator(".grid span").evaluate_all(
        "parts => parts.map(part => [part.style.color, part.style.backgroundColor])"
    )
    return min(contrast(*map(rgb, pair)) for pair in colours)


def rgb(text: str) -> np.ndarray:
    return np.array([int(number) for number in re.findall(r"\d+", text)]) / 255


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """Contrast ratio of two colours, 1 to 21. https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio"""
    light = [
        float(
            np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
            @ (0.2126, 0.7152, 0.0722)
        )
        for c in (one, other)
    ]
    return (max(light) + 0.05) / (min(light) + 0.05)


def test_numbers_are_read_by_keyboard_and_pointer_and_stand_in_the_link(
    app: Server, window: Window
) -> None:
    image = datasets.sample_test("fashion_mnist")[0][3, ..., 0]
    place = {"row": "10", "column": "10"}
    inside = Inside.open(
        app, window, "images", source="data", data="fashion_mnist", index="3", **place
    )
    page, stage = inside.page, inside.page.locator(".stage")
    holds(page, image, 10, 10, 8)
    stage.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    holds(page, image, 2, 11, 8)
    page.keyboard.press("+")
    holds(page, image, 3, 12, 6)
    inside.says("row", "3")
    assert (inside.query["column"], inside.query["cells"]) == ("12", "6")
    box = stage.bounding_box()
    assert box is not None
    stage.click(position={"x": box["width"] * 20.8 / 28, "y": box["height"] * 17.8 / 28})
    holds(page, image, 15, 18, 6)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 50, box["y"] + box["height"] + 50, steps=5)
    page.mouse.up()
    holds(page, image, 22, 22, 6)
    assert readable(page) > 4.5
    inside.says("row", "22")
    page.reload()
    holds(page, image, 22, 22, 6)


def test_bytes_become_floats_and_a_cell_tells_its_place(app: Server, window: Window) -> None:
    image = photographs.photograph("flower")
    inside = Inside.open(
        app, window, "images", source="photo", photo="flower", row="100", column="200", cells="4"
    )
    page = inside.page
    holds(page, image, 100, 200, 4)
    page.locator(".grid span").nth(5).hover()
    red, green, blue = image[101, 201].tolist()
    expect(page.locator(".said")).to_have_text(f"image[101, 201]  # [{red} {green} {blue}]")
    before = inside.places("images_which", "images_pixels")
    page.locator(".unit").click()
    scaled = [float(f"{value / 255:.2f}") for value in (red, green, blue)]
    np.testing.assert_allclose(grid(page)[101, 201], scaled, atol=0.0051)
    assert inside.places("images_which", "images_pixels") == before
    page.locator(".unit").click()
    inside.press("images_source", "Data set")
    first = datasets.sample_test("fashion_mnist")[0][0, ..., 0]
    holds(page, first, *arrays.edge(first, 8), 8)  # where the darkest meets the brightest


def test_a_transparent_picture_shows_its_fourth_channel(app: Server, window: Window) -> None:
    rng = np.random.default_rng(1)
    clear = rng.integers(0, 256, (9, 12, 4), np.uint8)
    clear[4, 5] = (10, 20, 30, 0)
    buffer = io.BytesIO()
    Image.fromarray(clear).save(buffer, "PNG")
    inside = Inside.open(app, window, "images", source="upload", lang="ko")
    page = inside.page
    chooser, refusal = page.locator("input[type=file]"), page.locator(".refusal")
    zone = page.get_by_test_id("stFileUploaderDropzone")
    expect(zone).to_contain_text("파일 선택")
    expect(zone).to_contain_text("최대 20 MB • JPG, JPEG, JFIF, PNG, WEBP")
    zone.dispatch_event("dragenter", {"dataTransfer": page.evaluate_handle(DRAGGED)})
    expect(page.get_by_text("파일을 여기에 놓으세요")).to_be_visible()
    zone.dispatch_event("dragleave", {"dataTransfer": page.evaluate_handle(DRAGGED)})
    large = b"x" * (20 * 1024 * 1024 + 1)
    for name, content, said in [
        ("film.mp4", b"film", "JPEG, PNG, WebP 그림이 아닙니다"),
        ("notes.txt", b"text", "“notes.txt” 파일을 열지 않았습니다"),
        ("large.PNG", large, "20 MB보다 큽니다"),
    ]:
        wrong: Any = {"name": name, "mimeType": "image/jpeg", "buffer": content}
        chooser.set_input_files(wrong)
        expect(refusal).to_contain_text(said)
        chip = page.get_by_test_id("stFileChip")
        expect(chip).to_have_count(1)
        expect(chip.get_by_role("alert")).to_contain_text(said)
        expect(chip.get_by_role("button", name=f"{name} 지우기", exact=True)).to_have_count(1)
        expect(page.get_by_test_id("stFileUploader")).not_to_contain_text(ENGLISH)
    expect(page.get_by_role("button", name="파일 선택", exact=True)).to_have_count(1)
    chip.hover()
    expect(page.get_by_role("tooltip")).to_have_text(refusal.inner_text())
    page.mouse.move(0, 0)
    file: Any = {"name": "clear.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    chooser.set_input_files(file)
    holds(page, clear, *arrays.edge(clear, 8), 8)
    expect(page.get_by_test_id("stTable").first).to_contain_text("(9, 12, 4)")
    expect(page.locator(".channels figure")).to_have_count(4)
    assert readable(page) > 4.5
    bad: Any = {"name": "bad.png", "mimeType": "image/png", "buffer": b"no picture"}
    expect(refusal).to_be_hidden()
    expect(page.get_by_test_id("stFileChip")).to_have_count(1)
    chooser.set_input_files(bad)
    expect(inside.alerts).to_have_count(1)
    buffer = io.BytesIO()
    Image.fromarray(clear[..., :3]).save(buffer, "JPEG")
    chooser.set_input_files(
        {"name": "a.jfif", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}
    )
    expect(page.locator(".channels figure")).to_have_count(3)
    expect(inside.alerts).to_have_count(0)


def test_a_finger_picks_the_place_on_a_phone(app: Server, window: Window) -> None:
    phone = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
    inside = Inside.open(app, window, "images", source="photo", photo="china", window_=phone)
    page = inside.page
    expect(page.locator(".grid span").first).to_be_visible()
    stage = page.locator(".stage")
    box = stage.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    left = round(640 * 0.25 - 4)
    top = round(427 / 2 - 4)
    eventually(lambda: abs(min(grid(page))[1] - left) <= 1 and abs(min(grid(page))[0] - top) <= 1)
    row, column = min(grid(page))
    holds(page, photographs.photograph("china"), row, column, 8)
    inside.fits(390)
