"""A room with one presenter and three phones: join, draw, vote, follow, and come back."""

from __future__ import annotations

from conftest import Server, eventually, go
from desk import FOUR, HINT, THREE, Desk, Windows
from playwright.sync_api import Page, expect

PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
COLD = 120_000  # milliseconds: a worker that still loads TensorFlow, on a busy machine


def test_a_room_from_its_first_drawing_to_the_page_that_all_are_brought_to(
    app: Server, window: Windows
) -> None:
    host = window(f"{app.url}/room?lang=en")
    host.get_by_role("button", name="Open a room").click(timeout=COLD)
    code = host.locator(".invitation .code").inner_text(timeout=COLD)
    phones = _joined(app, code, window)
    expect(host.locator(".room-figures")).to_contain_text("3 joined")

    host.get_by_role("radio", name="3", exact=True).click()
    for phone, strokes in zip(phones, (THREE, THREE, FOUR), strict=True):
        _hand_in(phone, strokes)
    wall = host.locator(".wall")
    expect(wall.locator("[data-group=right] .tile")).to_have_count(2, timeout=COLD)
    expect(wall.locator("[data-group=wrong] .tile")).to_have_count(1)
    expect(host.locator(".room-figures")).to_contain_text("67%")
    wall.locator("[data-group=wrong] .tile").click()
    expect(wall.locator("[data-group=wrong]")).to_have_count(0)

    _vote(host, phones)
    _follow(host, phones)
    _come_back(host, phones, code)


def _joined(server: Server, code: str, window: Windows) -> list[Page]:
    """Three phones in the room: one typed the code, two followed the QR code."""
    typed = window(f"{server.url}/room?lang=en", alone=True, **PHONE)
    typed.get_by_role("textbox", name="Code of the room").fill(code.lower())
    typed.get_by_role("button", name="Join", exact=True).click()
    linked = [
        window(f"{server.url}/room?room={code}&lang=en", alone=True, **PHONE) for _ in range(2)
    ]
    for phone in (typed, *linked):
        expect(phone.get_by_text("You are in.")).to_be_visible(timeout=COLD)
    return [typed, *linked]


def _hand_in(phone: Page, strokes: list) -> None:
    """Draw what is asked for; the pad is empty for the next drawing."""
    desk = Desk.of(phone)
    expect(phone.locator(".wanted")).to_have_text("Draw: 3")
    desk.draw(strokes)
    eventually(lambda: desk.sent() > 0)
    phone.get_by_role("button", name="Hand in").click()
    expect(phone.locator(".handed-in")).to_contain_text("Handed in: 1.")
    expect(desk.strokes).to_have_text(HINT)


def _vote(host: Page, phones: list[Page]) -> None:
    host.get_by_role("radio", name="Predict first").click()
    host.get_by_role("textbox", name="Question", exact=True).fill("What if every kernel is 7 × 7?")
    host.get_by_role("textbox", name="Choice A").fill("better")
    host.get_by_role("textbox", name="Choice B").fill("worse")
    host.get_by_role("button", name="Ask everybody").click()
    for phone, choice in zip(phones, ("better", "worse", "worse"), strict=True):
        phone.get_by_role("button", name=choice).click()
        expect(phone.get_by_text("You have voted.")).to_be_visible()
    expect(host.get_by_text("3 of 3 have voted")).to_be_visible()
    expect(host.locator(".vote .share")).to_have_count(0)
    host.get_by_role("button", name="Show the votes").click()
    for page in (host, *phones):
        expect(page.locator(".vote .share")).to_have_text(["1 · 33%", "2 · 67%"])


def _follow(host: Page, phones: list[Page]) -> None:
    go(host, "Look inside", "Kernels")
    expect(host.get_by_role("heading", name="Kernels", level=1)).to_be_visible()
    eventually(lambda: "run=" in host.evaluate("location.href"))
    host.get_by_role("button", name="Bring everybody here").click()
    for phone in phones:
        expect(phone.get_by_role("heading", name="Kernels", level=1)).to_be_visible(timeout=COLD)


def _come_back(host: Page, phones: list[Page], code: str) -> None:
    """A phone that loads its page again is the same person on the same page; no one is counted twice."""
    phones[0].reload()
    expect(phones[0].get_by_text("You follow the presenter.")).to_be_visible(timeout=COLD)
    expect(phones[0].get_by_role("heading", name="Kernels", level=1)).to_be_visible()
    phones[1].get_by_role("link", name="To the room").click()
    expect(phones[1].locator(".vote .share")).to_have_text(["1 · 33%", "2 · 67%"])
    eventually(lambda: f"room={code}" in phones[1].evaluate("location.href"))
    expect(host.locator(".st-key-room_bar")).to_contain_text("3 joined")
