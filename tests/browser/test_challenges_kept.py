"""A goal that was reached is said on its page, and is still reached after the window was loaded again."""

from __future__ import annotations

from playwright.sync_api import expect


def test_a_goal_is_said_where_it_is_reached_and_kept_for_this_browser_alone(app, window):
    page = window(f"{app.url}/challenges?lang=ko")
    expect(page.get_by_text("목표 12개 중 0개 달성")).to_be_visible(timeout=120_000)
    card = page.locator(".st-key-goal_lean")
    expect(card.get_by_text("아직 시도하지 않음")).to_be_visible()
    card.get_by_role("link", name="플레이그라운드 열기").click()
    expect(page.locator(".st-key-totals")).to_contain_text("333,526")
    page.goto(f"{app.url}/playground?lang=ko&blocks=32.3.1.same.relu.max.4~64.3.1.same.relu.max.4")
    expect(page.get_by_test_id("stToast")).to_contain_text("파라미터를 10분의 1로")
    page.goto(f"{app.url}/challenges?lang=ko")
    expect(page.get_by_text("목표 12개 중 1개 달성")).to_be_visible()
    expect(card).to_contain_text("26,326")
    card.get_by_text("무엇을 배웠나요").click()
    expect(card.get_by_text("밀집층에는 입력과 유닛의 쌍마다")).to_be_visible()
    other = window(f"{app.url}/challenges?lang=en")
    expect(other.get_by_text("0 of 12 goals reached")).to_be_visible()
