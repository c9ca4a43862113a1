"""Phones of a room whose server is killed: nothing is lost, and they come back without being touched."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from conftest import Server, eventually
from desk import COLD, FOUR, THREE, Desk, Windows
from playwright.sync_api import Page, expect

PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
CONNECTED = '.stApp[data-test-connection-state="CONNECTED"]'


@pytest.mark.long
@pytest.mark.slow
def test_a_restart_loses_no_drawing_no_vote_and_no_phone(start, window: Windows) -> None:
    server = start()
    host = window(f"{server.url}/room?lang=en", alone=True)
    host.get_by_role("button", name="Open a room").click(timeout=COLD)
    code = host.locator(".invitation .code").inner_text(timeout=COLD)
    link = f"{server.url}/room?room={code}&lang=en"
    phones = [window(link, alone=True, **PHONE) for _ in range(2)]
    for phone in phones:
        expect(phone.get_by_text("You are in.")).to_be_visible(timeout=COLD)
    host.get_by_role("radio", name="3", exact=True).click()
    for phone in phones:
        _hand_in(phone, THREE, 1)

    desk = Desk.of(phones[0])
    desk.draw(FOUR[:1])
    _knows(desk)
    pages = [host, *phones]
    server = _restart(server, start, pages)
    expect(desk.strokes).to_have_text("Strokes on the pad: 1")
    expect(host.locator(".wall .tile")).to_have_count(2, timeout=COLD)
    desk.draw(FOUR[1:])
    expect(desk.strokes).to_have_text("Strokes on the pad: 2")
    _knows(desk)
    phones[0].get_by_role("button", name="Hand in").click()
    expect(phones[0].locator(".handed-in")).to_contain_text("Handed in: 2.", timeout=COLD)
    _hand_in(phones[1], THREE, 2)
    expect(host.locator(".wall .tile")).to_have_count(4, timeout=COLD)

    _ask(host)
    phones[0].get_by_role("button", name="better").click()
    expect(phones[0].get_by_text("You have voted.")).to_be_visible()
    _restart(server, start, pages)
    expect(phones[0].get_by_text("You have voted.")).to_be_visible(timeout=COLD)
    phones[1].get_by_role("button", name="worse").click()
    expect(phones[1].get_by_text("You have voted.")).to_be_visible()
    expect(host.get_by_text("2 of 2 have voted")).to_be_visible()
    host.get_by_role("button", name="Show the votes").click()
    for page in pages:
        expect(page.locator(".vote .share")).to_have_text(["1 · 50%", "1 · 50%"])
        eventually(lambda page=page: f"room={code}" in page.evaluate("location.href"))


def _hand_in(phone: Page, strokes: list, count: int) -> None:
    desk = Desk.of(phone)
    desk.draw(strokes)
    expect(desk.strokes).to_have_text(f"Strokes on the pad: {len(strokes)}")
    _knows(desk)
    phone.get_by_role("button", name="Hand in").click()
    expect(phone.locator(".handed-in")).to_contain_text(f"Handed in: {count}.", timeout=COLD)


def _knows(desk: Desk) -> None:
    """Wait until the server has been sent the last stroke."""
    eventually(lambda: desk.sent() > 0)
    desk.settled()


def _restart(server: Server, start, pages: list[Page]) -> Server:
    """Kill the server, start it again at the same address, and wait for windows that nobody touches."""
    server.kill()
    for page in pages:
        expect(page.locator(CONNECTED)).to_have_count(0)
    again: Server = start(port=urlsplit(server.url).port)
    for page in pages:
        expect(page.locator(CONNECTED)).to_have_count(1)
        Desk(page).settled()
    return again


def _ask(host: Page) -> None:
    host.get_by_role("radio", name="Predict first").click()
    host.get_by_role("textbox", name="Question", exact=True).fill("What if every kernel is 7 × 7?")
    host.get_by_role("textbox", name="Choice A").fill("better")
    host.get_by_role("textbox", name="Choice B").fill("worse")
    host.get_by_role("button", name="Ask everybody").click()
