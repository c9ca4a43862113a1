"""The presenter view on a projector of 1280 x 720: every page can be read from the back row."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Server, eventually, rest
from desk import Windows
from playwright.sync_api import Page, expect

from bench import first_screen

BODY_PX, CHART_PX = 22, 18
WIDTH, HEIGHT = 1280, 720
WATCH_CHARTS = """() => {
    const fill = CanvasRenderingContext2D.prototype.fillText;
    window.chartText = [];
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
        const scale = this.getTransform().a / devicePixelRatio;
        const size = parseFloat(this.font.match(/([0-9.]+)px/)[1]) * scale;
        if (this.canvas.closest("[data-testid=stEChartsChart]")) window.chartText.push([text, size]);
        return fill.call(this, text, ...place);
    };
}"""
"""Remembers the size of every word that ECharts draws."""
SMALL = """([body, chart]) => {
    const small = [];
    const look = (tree) => {
        for (const part of tree.querySelectorAll("*")) {
            if (part.shadowRoot) look(part.shadowRoot);
            const words = [...part.childNodes].filter(node => node.nodeType === 3 && node.data.trim());
            if (!words.length || !part.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
            const isIcon = part.closest("[data-testid=stIconMaterial], [data-testid=stTooltipIcon], style, script, noscript");
            const box = part.getBoundingClientRect();
            if (isIcon || box.width < 2 || box.height < 2 || part.closest("[data-numbers]")) continue;
            const svg = part.closest("svg");
            const scale = part.getScreenCTM ? part.getScreenCTM().a : 1;
            const size = parseFloat(getComputedStyle(part).fontSize) * (svg ? scale : 1);
            if (size < (svg ? chart : body) - 0.05) small.push(`${size.toFixed(1)} ${part.tagName}.${part.className} ${words[0].data.trim().slice(0, 40)}`);
        }
    };
    look(document.querySelector(".stMain"));
    for (const [text, size] of window.chartText) if (text.trim() && size < chart - 0.05) small.push(`${size} chart ${text}`);
    return [...new Set(small)];
}"""
STICKS_OUT = """() => document.scrollingElement.scrollWidth > innerWidth ||
    document.querySelector(".stMain").scrollWidth > innerWidth"""


def test_probe(app, window):
    import os

    theme, language = os.environ.get("THEME", "light"), os.environ.get("LG", "en")
    page = window("about:blank", color_scheme=theme, width=WIDTH, height=HEIGHT)
    page.add_init_script(f"({WATCH_CHARTS})()")
    for name in first_screen.PAGES:
        path = "" if name == "home" else name
        page.goto(f"{app.url}/{path}?present=1&lang={language}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        import time

        time.sleep(4)
        rest(page)
        for _ in range(20):
            if not page.locator("[data-testid=stSkeleton], [data-testid=stSpinner]").count():
                break
            time.sleep(1)
        print("##", name, page.evaluate(STICKS_OUT))
        for line in page.evaluate(SMALL, [BODY_PX, CHART_PX])[:14]:
            print("   ", line)
        page.screenshot(path=f"/tmp/shots/stage/{name}-{theme}-{language}.png")
