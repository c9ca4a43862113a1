"""Find a learning rate in a real worker: the suggestion reaches the controls and the address by one click."""

from __future__ import annotations

import pytest
from conftest import eventually
from playwright.sync_api import expect
from screens import COLD, SHORT, Playground


@pytest.mark.long
def test_a_range_test_suggests_a_rate_and_one_click_takes_it(app, window):
    page = window(app.link(**{**SHORT, "opt": "sgd", "lr": "5", "blocks": "16.3", "dense": "32"}))
    screen = Playground.of(page)
    page.locator(".st-key-rates summary").click()
    page.get_by_role("button", name="Run the range test").click()
    use = page.get_by_role("button", name="Use learning rate")
    expect(use).to_be_visible(timeout=COLD)
    expect(page.locator(".st-key-rates_chart canvas").first).to_be_visible()
    suggestion = use.inner_text().split()[-1]
    assert 1e-4 < float(suggestion) < 5
    use.click()
    eventually(lambda: screen.query["lr"] == suggestion)
    expect(use).to_be_disabled()
