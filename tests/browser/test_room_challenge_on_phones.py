"""A challenge of a room: two phones, one of which reaches the goal, and the presenter's board."""

from __future__ import annotations

import pytest
from conftest import Server, eventually
from desk import COLD, Windows
from playwright.sync_api import expect
from screens import Playground

PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


@pytest.mark.long
def test_a_phone_reaches_the_goal_and_the_board_shows_it(app: Server, window: Windows) -> None:
    host = window(f"{app.url}/room?lang=en")
    host.get_by_role("button", name="Open a room").click(timeout=COLD)
    code = host.locator(".invitation .code").inner_text(timeout=COLD)
    link = f"{app.url}/room?room={code}&lang=en"
    ann, bob = (window(link, alone=True, **PHONE) for _ in range(2))
    for phone in (ann, bob):
        expect(phone.get_by_text("You are in.")).to_be_visible(timeout=COLD)
    host.get_by_role("radio", name="People and challenge").click()
    host.get_by_role("radio", name="Large receptive field").click()
    for phone in (ann, bob):
        expect(phone.get_by_role("heading", name="Large receptive field")).to_be_visible()
        expect(phone.get_by_test_id("stProgress")).to_contain_text("No attempt yet")
    figures, tiles = host.locator(".room-figures"), host.locator(".st-key-people_tiles")
    expect(figures).to_contain_text("2 not training")

    ann.get_by_role("link", name="Open the playground").click()
    screen = Playground.of(ann)
    screen.type("kernel", 5, 0)
    screen.type("kernel", 5, 1)
    expect(figures).to_contain_text("2 not training")
    screen.choose("pool", "no pooling", 1)
    expect(figures).to_contain_text("1 reached the goal")
    expect(figures).to_contain_text("1 not training")
    expect(tiles.get_by_role("button", name="goal reached")).to_have_count(1)
    tiles.get_by_role("button", name="goal reached").click()
    expect(host.get_by_test_id("stProgress")).to_contain_text("14×14 of 14×14 pixels")

    ann.get_by_role("link", name="To the room").click()
    expect(ann.get_by_text("Reached", exact=True)).to_be_visible()
    expect(ann.get_by_test_id("stProgress")).to_contain_text("14×14 of 14×14 pixels")
    eventually(lambda: ann.locator(".st-key-room_phone").is_visible())
    expect(figures).to_contain_text("1 reached the goal")
    expect(bob.get_by_test_id("stProgress")).to_contain_text("No attempt yet")
