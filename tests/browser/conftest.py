"""A real server and a real Chromium; nothing the pages load may come from another machine."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from patience import NOT_YET, until
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Request,
    expect,
    sync_playwright,
)

from pages.session import client_guard

ROOT = Path(__file__).parent.parent.parent
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    "--font-render-hinting=none",  # a headless shell would round the width of every letter
    "--js-flags=--no-opt",  # no window is open long enough to earn back an optimized program
]
OUTCOME = pytest.StashKey[pytest.TestReport]()
ACTIVE = {"queued", "running"}
TWO_FRAMES = """new Promise(done => {
    requestAnimationFrame(() => requestAnimationFrame(() => done(true)));
    setTimeout(() => done(true), 1000); // a window that is not seen may draw none
})"""

# Long, since an answer that is right ends the wait: only a machine that is very busy gets near them.
PATIENCE_S = 300
expect.set_options(timeout=PATIENCE_S * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Keep the outcome of the test, for fixtures that look at it in their end."""
    report = yield
    if report.when == "call":
        item.stash[OUTCOME] = report
    return report


@dataclass
class Server:
    """A running app with a home of its own, whose files say what really happened."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """As a power cut would: no last words."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def link(self, **query: str) -> str:
        """A link to the playground."""
        return f"{self.url}/playground?{'&'.join(f'{name}={text}' for name, text in query.items())}"

    def runs(self) -> list[str]:
        """Ids of all runs, oldest first."""
        folder = self.home / "runs"
        return sorted(path.parent.name for path in folder.glob("*/config.json"))

    def read(self, run: str, file: str = "config.json") -> dict[str, Any]:
        tree: dict[str, Any] = json.loads((self.home / "runs" / run / file).read_text("utf-8"))
        return tree

    def state(self, run: str) -> str:
        return str(self.read(run, "status.json")["state"])

    def events(self, run: str, kind: str) -> list[dict[str, Any]]:
        """What the run said of that kind, up to the last complete line."""
        path = self.home / "runs" / run / "events.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [event for event in map(json.loads, lines) if event["kind"] == kind]

    def listing(self) -> dict[str, tuple[int, int]]:
        """Every file of the home with its size and time, without what the workers keep to themselves."""
        return {
            str(path.relative_to(self.home)): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in sorted(self.home.rglob("*"))
            if path.relative_to(self.home).parts[0] not in {"scratch", "logs", "server.log"}
        }

    def end_all_runs(self) -> None:
        """Stop what is still waiting or training."""
        for run in self.runs():
            if self.state(run) in ACTIVE:
                control = self.home / "runs" / run / "control.json"
                control.with_suffix(".new").write_text('{"stop": true}')
                control.with_suffix(".new").replace(control)
        eventually(lambda: all(self.state(run) not in ACTIVE for run in self.runs()))


def eventually(holds: Callable[[], object], seconds: float = PATIENCE_S) -> Any:
    """What `holds` returns as soon as that is true; fails if it takes too long."""
    return until(holds, seconds, pause_s=0.05, not_yet=_is_not_yet)


def becomes(expected: object, read: Callable[..., object], *arguments: object) -> None:
    """Wait until what is read of a page is that; fails with the last that was read beside it."""
    read_last: list[object] = [None]

    def equal() -> bool:
        read_last[0] = read(*arguments)
        return read_last[0] == expected

    with contextlib.suppress(AssertionError):
        eventually(equal)
    assert read_last[0] == expected


def _is_not_yet(error: Exception) -> bool:
    """A page that is being replaced cannot be asked."""
    leaves = isinstance(error, Error) and "Execution context was destroyed" in error.message
    return leaves or isinstance(error, NOT_YET)


def rest(page: Page) -> None:
    """Wait until the server has nothing more to say to the last change, and the page shows what it said."""
    state = ("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stApp")).to_have_attribute(*state)
    eventually(lambda: page.evaluate(TWO_FRAMES))


def workers(server: Server, kind: str | None = None) -> list[psutil.Process]:
    """Worker processes of a server; what it asks of the machine on the way are others, soon gone."""
    running = []
    for child in psutil.Process(server.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            words = child.cmdline()
            if "worker" in words and (kind is None or words[-1] == kind):
                running.append(child)
    return running


def works(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def go(page: Page, section: str, name: str) -> None:
    """Follow a link of the navigation."""
    page.get_by_role("button", name=section, exact=True).click()
    page.get_by_role("menuitem", name=name, exact=True).click()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def serve(home: Path, *, port: int = 0, **environment: str) -> Server:
    """Start the app, on a port of its own unless one is given, and wait until it answers."""
    port = port or _free_port()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "app.py"),
                *("--server.port", str(port), "--server.headless", "true"),
                *("--server.address", "127.0.0.1"),
            ],
            cwd=ROOT,
            env={**os.environ, **environment, "CONVSCOPE_HOME": str(home)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", home, process)
    base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
    health = "/".join(part for part in (server.url, base, "_stcore/health") if part)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(health, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return server
    server.close()
    raise AssertionError((home / "server.log").read_text())


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that do not harm it."""
    server = serve(tmp_path_factory.mktemp("home"))
    yield server
    # A Mac does not tell which files a process has mapped.
    loaded = [] if psutil.MACOS else psutil.Process(server.process.pid).memory_maps()
    server.close()
    refused = client_guard.REFUSED in (server.home / "server.log").read_text()
    assert not refused, "the server took what a browser sent for what its widget cannot have"
    foreign = [mapped.path for mapped in loaded if re.search("/(tensorflow|sklearn)/", mapped.path)]
    assert foreign == [], "the server loaded what only workers need"


@pytest.fixture(autouse=True)
def _no_run_is_left_at_work(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test waits for a run of the one before."""
    yield
    if "app" in request.fixturenames:
        request.getfixturevalue("app").end_all_runs()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers of the test's own, all on one home, and ends them."""
    servers: list[Server] = []

    def start_server(port: int = 0, **environment: str) -> Server:
        servers.append(serve(tmp_path / "home", port=port, **environment))
        return servers[-1]

    yield start_server
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


class Pool:
    """Windows of visitors who left without a trace.

    A browser that has run the app before in the same window spends half as much time on it: it has the
    files, and their programs are compiled.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[Page]] = defaultdict(list)

    def take(self, settings: Mapping[str, Any]) -> Page:
        """A window of somebody new, whose browser has those settings."""
        free = self._free[json.dumps(settings, sort_keys=True)]
        if free:
            return free.pop()
        context = self._browser.new_context(**settings)
        context.set_default_timeout(PATIENCE_S * 1000)
        return context.new_page()

    def give_back(self, page: Page, settings: Mapping[str, Any]) -> None:
        """Let its visitor forget everything; other windows of theirs are closed."""
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.evaluate("sessionStorage.clear()")
        page.goto("about:blank")
        page.context.set_storage_state({"cookies": [], "origins": []})
        self._free[json.dumps(settings, sort_keys=True)].append(page)


@pytest.fixture(scope="session")
def pool(browser: Browser) -> Pool:
    return Pool(browser)


class Watch:
    """Listens to pages: what they ask of other machines, and the errors that their browser reports."""

    def __init__(self) -> None:
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self._listening: list[tuple[Page, str, Callable[[Any], None]]] = []

    def listen(self, page: Page, *, errors: bool) -> None:
        listeners: dict[str, Callable[[Any], None]] = {"request": self._requested}
        if errors:
            listeners |= {"pageerror": self._failed, "console": self._heard}
        for event, listener in listeners.items():
            page.on(event, listener)
            self._listening.append((page, event, listener))

    def end(self) -> None:
        for page, event, listener in self._listening:
            page.remove_listener(event, listener)

    def _requested(self, request: Request) -> None:
        if _leaves(request.url):
            self.foreign.append(request.url)

    def _failed(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _heard(self, message: ConsoleMessage) -> None:
        if _complains(message):
            self.complaints.append(message.text)


@pytest.fixture
def window(
    pool: Pool, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Page]]:
    """Opens windows, each of a visitor of its own, and checks them when the test is over.

    `beside=page` opens another window of the visitor who has that page. `alone=True` forgives what
    the browser says when its server has gone. What moves by itself moves only in a test that asks
    for reduced_motion="no-preference". What the windows of a failed test showed is kept in its
    temporary folder. A test takes back itself what it asks of a page beyond that: routes, listeners,
    scripts, media.
    """
    visitors: list[tuple[Page, dict[str, Any]]] = []
    watch = Watch()

    def open_window(
        url: str,
        *,
        width: int = 1280,
        height: int = 900,
        beside: Page | None = None,
        alone: bool = False,
        **settings: Any,
    ) -> Page:
        media = {"reduced_motion": "reduce", "color_scheme": "light"}
        media |= {name: settings.pop(name) for name in set(media) & set(settings)}
        if beside is None:
            page = pool.take(settings)
            visitors.append((page, settings))
        else:
            page = beside.context.new_page()
        page.emulate_media(**media)
        page.set_viewport_size({"width": width, "height": height})
        watch.listen(page, errors=not alone)
        page.goto(url)
        return page

    yield open_window
    pages = [page for first, _ in visitors for page in first.context.pages]
    outcome = request.node.stash.get(OUTCOME, None)
    passed = outcome is not None and not outcome.failed
    for number, page in enumerate([] if passed else pages):
        page.screenshot(path=tmp_path / f"window-{number}.png", full_page=True)
    tracebacks = [
        text for page in pages for text in page.get_by_test_id("stException").all_inner_texts()
    ]
    watch.end()
    for page, settings in visitors:
        if passed:
            pool.give_back(page, settings)
        else:
            page.context.close()
    assert tracebacks == [], "a visitor saw a traceback"
    assert watch.foreign == [], "a page asked another machine for something"
    assert watch.complaints == [], "the browser's console holds errors"


def _leaves(url: str) -> bool:
    return url.startswith(("http", "ws")) and "//127.0.0.1" not in url


def _complains(message: ConsoleMessage) -> bool:
    """An error of ours: Streamlit looks for its own server below the address of a page first."""
    return message.type == "error" and "/_stcore/" not in message.location.get("url", "")
