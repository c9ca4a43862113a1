"""The presenter view on a projector of 1280 x 720: every page can be read from the back row."""

from __future__ import annotations

from conftest import Server, becomes, eventually, rest
from desk import Windows
from lengths import repeats
from playwright.sync_api import Page, expect

from bench import first_screen

BODY_PX, CHART_PX = 22, 18
LANGUAGES = ("ko", "en")  # in turn
PROJECTOR = {"width": 1280, "height": 720}
WATCH_CHARTS = """
    const fill = CanvasRenderingContext2D.prototype.fillText;
    window.chartText = [];
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
        const {a, b} = this.getTransform();
        const pixels = parseFloat(this.font.match(/([0-9.]+)px/)[1]);
        const isChart = this.canvas.closest("[data-testid=stEChartsChart]");
        if (isChart) window.chartText.push([text, pixels * Math.hypot(a, b) / devicePixelRatio]);
        return fill.call(this, text, ...place);
    };"""
"""Remembers how large every word is that ECharts draws."""
TOO_SMALL = """([body, chart]) => {
    const small = [];
    const aside = ".katex, [data-testid=stIconMaterial], style, script, noscript, .grid, .grids";
    const isHidden = (part) => {
        const box = part.getBoundingClientRect();
        const seen = part.checkVisibility({visibilityProperty: true, opacityProperty: true});
        return !seen || box.width < 2 || box.height < 2;
    };
    const complain = (size, least, words) =>
        size < least - 0.05 && small.push(`${size.toFixed(1)}: ${words.trim().slice(0, 40)}`);
    const look = (tree) => {
        for (const part of tree.querySelectorAll("*")) {
            if (part.shadowRoot) look(part.shadowRoot);
            const words = [...part.childNodes].filter(node => node.nodeType === 3).map(node => node.data);
            if (!words.join("").trim() || isHidden(part) || part.closest(aside)) continue;
            const {a, b} = part.getScreenCTM?.() ?? {a: 1, b: 0};
            const size = parseFloat(getComputedStyle(part).fontSize) * Math.hypot(a, b);
            complain(size, part.closest("svg") ? chart : body, words.join(" "));
        }
    };
    look(document.querySelector(".stMain"));
    for (const [text, size] of window.chartText) if (text.trim()) complain(size, chart, text);
    return [...new Set(small)];
}"""
"""Words that are too small. Numbers on pixels are as large as these, and in formulas an index is small."""
STICKS_OUT = """() => [document.scrollingElement, document.querySelector(".stMain")]
    .some(part => part.scrollWidth > innerWidth)"""


def test_every_page_can_be_read_from_the_back_row(app: Server, window: Windows) -> None:
    page = window("about:blank", color_scheme="dark", **PROJECTOR)
    page.add_init_script(WATCH_CHARTS)
    names = list(first_screen.PAGES)
    for number, name in enumerate(repeats(names[::4], names)):
        language = LANGUAGES[number % len(LANGUAGES)]
        path = "" if name == "home" else name
        page.goto(f"{app.url}/{path}?present=1&lang={language}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        eventually(lambda: _rests(page))
        becomes((name, []), lambda name=name: (name, page.evaluate(TOO_SMALL, [BODY_PX, CHART_PX])))
        becomes((name, False), lambda name=name: (name, page.evaluate(STICKS_OUT)))
        expect(page.get_by_test_id("stHeader")).to_be_hidden()


def test_keys_press_what_they_name_and_nothing_while_somebody_types(
    app: Server, window: Windows
) -> None:
    page = window(f"{app.url}/room?present=1&lang=en&hide=navigation", **PROJECTOR)
    field = page.get_by_role("textbox", name="Code of the room")
    field.fill("BK")
    field.press("b")
    expect(field).to_have_value("BKb")
    rest(page)
    page.get_by_role("button", name="Open a room").click()
    expect(page.locator(".invitation .code")).to_be_visible()
    _press(page, "b")
    expect(page.get_by_role("heading", name="Draw a digit", level=1)).to_be_visible()
    eventually(lambda: "hide=navigation" in page.evaluate("location.search"))
    page.goto(f"{app.url}/training_step?present=1&lang=en")
    expect(page.locator(".step-answer")).to_contain_text("Step 1")
    _press(page, "s")
    expect(page.locator(".step-answer")).to_contain_text("Step 2")
    page.goto(f"{app.url}/images?present=1&lang=en&index=3")
    expect(page.get_by_text("test image 3")).to_be_visible()
    _press(page, "i")
    expect(page.get_by_text("test image 4")).to_be_visible()
    page.get_by_role("button", name="Leave presenter view").click()
    expect(page.get_by_test_id("stHeader")).to_be_visible()
    eventually(lambda: "present=" not in page.evaluate("location.search"))


def _press(page: Page, key: str) -> None:
    """Press a key as soon as the page listens to its keys and has nothing more to say."""
    expect(page.locator(".st-key-presenter_keys [data-listening]")).to_be_attached()
    rest(page)
    page.keyboard.press(key)


def _rests(page: Page) -> bool:
    page.wait_for_timeout(400)
    waits = page.locator("[data-testid=stSkeleton], [data-testid=stSpinner]").count()
    return (
        not waits and page.locator(".stApp").get_attribute("data-test-script-state") == "notRunning"
    )
