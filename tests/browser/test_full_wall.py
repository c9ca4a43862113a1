"""A full class wall and a revealed vote on a projector of 1280 x 720: nothing is cut off or out of line."""

from __future__ import annotations

import pytest
from conftest import Server, becomes
from desk import COLD, Windows
from playwright.sync_api import Page, expect

from cnn_core import datasets, rooms

PROJECTOR = {"width": 1280, "height": 720}
KEY = "the presenter of a full room"
PEOPLE = [f"{number:016x}" for number in range(45)]
CUT_OFF = """() => [...document.querySelectorAll("*")].filter(part => part.shadowRoot)
    .flatMap(part => [...part.shadowRoot.querySelectorAll(".answer")])
    .filter(answer => answer.scrollWidth > answer.clientWidth).map(answer => answer.textContent)"""


@pytest.fixture
def room(app: Server, monkeypatch: pytest.MonkeyPatch) -> rooms.Room:
    monkeypatch.setenv("CONVSCOPE_HOME", str(app.home))
    room = rooms.create(KEY)
    for person in PEOPLE:
        room.join(person)
    return room


def _drawn(room: rooms.Room, dataset: str, label: int, network: str) -> None:
    """Everybody hands in a drawing, and that network looks at them."""
    images = datasets.load(dataset, "sample")
    room.steer(KEY, rooms.Network(network))
    task = room.steer(KEY, rooms.Task(label, dataset))
    drawings = images.x_test[images.y_test == label]
    for person, drawing in zip(PEOPLE, drawings[: len(PEOPLE)], strict=True):
        room.act(person, rooms.Drawing(task, drawing.tobytes()))


def _box(page: Page, selector: str) -> dict[str, float]:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return {"top": box["y"], "bottom": box["y"] + box["height"], "width": box["width"]}


def _in_a_row(page: Page, *selectors: str) -> bool:
    """Whether each begins above the end of all others."""
    boxes = [_box(page, selector) for selector in selectors]
    return max(box["top"] for box in boxes) < min(box["bottom"] for box in boxes)


def _ends_above(page: Page, selector: str, other: str) -> bool:
    return _box(page, selector)["bottom"] <= _box(page, other)["top"]


def test_a_full_wall_and_a_vote_are_whole_on_a_projector(
    app: Server, window: Windows, room: rooms.Room
) -> None:
    _drawn(room, "mnist", 0, "digits")
    link = f"{app.url}/room?room={room.code}&host={room.link_secret(KEY)}&lang=en&present=1"
    page = window(link, **PROJECTOR)
    tiles = page.locator(".wall section[data-group=right] .tile")
    expect(tiles.first).to_be_visible(timeout=COLD)
    expect(page.locator(".room-figures")).to_contain_text("of 45)")
    tools = (".room-figures", ".st-key-wall_answers")
    becomes(True, lambda: _in_a_row(page, *tools))
    becomes(True, lambda: _ends_above(page, ".st-key-wall_matrix", ".st-key-presenter_bar"))

    _drawn(room, "fashion_mnist", 9, "fashion")
    name = page.locator(".st-key-head_network").get_by_role("combobox")
    expect(name).to_have_value("Fashion-MNIST (ready-made)", timeout=COLD)
    expect(tiles.first).to_contain_text("Ankle boot", timeout=COLD)
    becomes([], lambda: page.evaluate(CUT_OFF))
    assert _in_a_row(page, *tools)
    assert _in_a_row(page, "[class*=st-key-wall_class]", ".st-key-wall_more")
    assert _box(page, ".wall")["top"] < PROJECTOR["height"] / 2
    assert name.evaluate("field => field.scrollWidth <= field.clientWidth")

    before = _box(page, ".wall")["width"]
    page.locator(".st-key-wall_answers label").first.click()
    expect(page.locator(".room-figures")).to_contain_text("answers are hidden")
    becomes(True, lambda: _box(page, ".wall")["width"] > before)

    choices = ("It stays the same", "It halves", "It doubles", "It is a quarter")
    question = room.steer(KEY, rooms.Question("What does a stride of 2 do to the map?", choices, 1))
    for number, person in enumerate(PEOPLE):
        room.act(person, rooms.Vote(question, 1 if number < 15 else 3))
    room.steer(KEY, rooms.Reveal(question))
    page.get_by_role("radio", name="Predict first").click()
    expect(page.locator(".vote .share")).to_have_count(len(choices))
    widths = page.locator(".vote .bar").evaluate_all(
        "bars => bars.map(bar => Math.round(bar.getBoundingClientRect().width))"
    )
    assert len(set(widths)) == 1, widths
    becomes(True, lambda: _ends_above(page, ".vote", ".st-key-presenter_bar"))
