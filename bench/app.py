"""The app as a visitor meets it: a real server with a home of its own, a real Chromium, real orders."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.planning.links import to_query
from cnn_core.progress.events import Event, RunEnded, from_json

ROOT = Path(__file__).parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CHROMIUM_NAMES = (  # first the browsers that people use
    *("chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable"),
    "chromium-headless-shell",
)
KEPT_SETTINGS = {"CONVSCOPE_DATA", "CONVSCOPE_CHROMIUM"}
SECONDS_TO_OPEN = 60.0
SECONDS_TO_CLOSE = 15.0
SECONDS_TO_SETTLE = 90.0
IDLE_SHARE = 0.1  # of one core; below it the server or a worker counts as at rest


class BenchError(Exception):
    """A measurement that could not be made."""


@dataclass(frozen=True)
class Server:
    """A running app.

    Attributes:
        url: Its address, without a slash at the end.
        home: The folder of its runs and logs, empty when it started.
        process: The server itself; its workers are child processes.
        started: `time.perf_counter()` just before the process was started.
    """

    url: str
    home: Path
    process: subprocess.Popen[bytes]
    started: float

    def family(self) -> list[psutil.Process]:
        """The server, then its workers."""
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def wait_until_open(self) -> None:
        """Return as soon as the port takes a connection."""
        host, port = self.url.removeprefix("http://").split(":")
        wait_for(lambda: _connects(host, int(port)), SECONDS_TO_OPEN, "the server", every=0.005)

    def wait_until_idle(self) -> None:
        """Return when neither the server nor a worker has had much to do for a second."""
        wait_for(self._rests, SECONDS_TO_SETTLE, "the workers", every=0.0)

    def cpu_seconds(self) -> float:
        """Processor time of the server itself so far, without its workers."""
        return _cpu_seconds(psutil.Process(self.process.pid))

    def holds(self, package: str) -> bool:
        """Whether compiled parts of an installed package are in the server's memory."""
        maps = psutil.Process(self.process.pid).memory_maps()
        return any(f"/site-packages/{package}/" in part.path for part in maps)

    def _rests(self) -> bool:
        family = self.family()
        before = [_cpu_seconds(process) for process in family]
        time.sleep(1.0)
        spent = [_cpu_seconds(process) - then for process, then in zip(family, before, strict=True)]
        return len(family) > 2 and len(self.family()) == len(family) and max(spent) < IDLE_SHARE

    def close(self) -> None:
        """End the server, and see that its workers are gone too."""
        family = self.family()
        if self.process.poll() is None:
            self.process.terminate()
        _, alive = psutil.wait_procs(family, timeout=SECONDS_TO_CLOSE)
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(SECONDS_TO_CLOSE)


@contextmanager
def serving(
    module: str = "streamlit", script: str = "app.py", home: Path | None = None, **environment: str
) -> Iterator[Server]:
    """A server whose port, a free one of 127.0.0.1, is open; closed with its workers at the end of the block.

    Args:
        module: Runs as `python -m module run script`, as "make run" does with "streamlit".
        script: The app.
        home: Its CONVSCOPE_HOME; one of its own, which goes with it, if not given.
        environment: Other variables for the server.
    """
    with tempfile.TemporaryDirectory(
        prefix="convscope-bench-", ignore_cleanup_errors=True
    ) as folder:
        server = _start(home or Path(folder), module, script, environment)
        try:
            server.wait_until_open()
            yield server
        finally:
            server.close()


def _start(home: Path, module: str, script: str, environment: dict[str, str]) -> Server:
    port = _free_port()
    command = [
        *(sys.executable, "-m", module, "run", script),
        *("--server.port", str(port), "--server.address", "127.0.0.1"),
        *("--server.headless", "true"),
    ]
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CONVSCOPE_") or name in KEPT_SETTINGS
    }
    with (home / "server.log").open("ab") as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**inherited, "CONVSCOPE_HOME": str(home), **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the measurement, which then closes the server
        )
    return Server(f"http://127.0.0.1:{port}", home, process, started)


@contextmanager
def browsing() -> Iterator[Browser]:
    """A running Chromium without a window."""
    with sync_playwright() as play:
        path = _chromium() or play.chromium.executable_path
        browser = play.chromium.launch(
            executable_path=path, args=FLAGS, handle_sigint=False, handle_sigterm=False
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def window(browser: Browser) -> Iterator[Page]:
    """An empty window of a new visitor."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    try:
        yield context.new_page()
    finally:
        context.close()


def visit(page: Page, url: str) -> None:
    """Go there, and return as soon as the page has content."""
    page.goto(url, wait_until="commit")
    page.locator("h1").first.wait_for()


@contextmanager
def visiting(browser: Browser, url: str) -> Iterator[Page]:
    """The window of a new visitor, with content from `url`."""
    with window(browser) as page:
        visit(page, url)
        yield page


def link(server: Server, model: ModelConfig, train: TrainConfig) -> str:
    """The address that opens the playground with this set-up."""
    return f"{server.url}/playground?{urlencode(to_query(model, train))}"


def order(page: Page, server: Server) -> Path:
    """Press Train on an open playground, and give the folder of the run that this makes."""
    before = set(_run_folders(server))
    page.locator(".st-key-train button:enabled").click()
    wait_for(lambda: set(_run_folders(server)) - before, 30, "the order")
    return (set(_run_folders(server)) - before).pop()


def events(run: Path) -> list[Event]:
    """All that the run has said so far."""
    path = run / "events.jsonl"
    if not path.exists():
        return []
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1].decode("utf-8")
    return [from_json(line) for line in whole.splitlines()]


def wait_for_end(page: Page, run: Path, limit: float) -> list[Event]:
    """All that the run says, up to its last event; the page keeps updating meanwhile.

    Args:
        page: The visitor's page, which polls the run.
        run: Folder of the run.
        limit: Seconds after which a run that has not ended is given up.
    """
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        page.wait_for_timeout(500)
        state = json.loads((run / "status.json").read_text(encoding="utf-8"))["state"]
        if state not in ("queued", "running"):
            run_events = events(run)
            if run_events and isinstance(run_events[-1], RunEnded):
                return run_events
            raise BenchError(f"the run ended as {state!r}")
    raise BenchError(f"the run did not end in {limit:.0f} s")


def wait_for(
    happened: Callable[[], object], limit: float, what: str, *, every: float = 0.05
) -> None:
    """Ask again and again; raises `BenchError` after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not happened():
        if time.monotonic() > deadline:
            raise BenchError(f"waited {limit:.0f} s for {what} in vain")
        time.sleep(every)


def _run_folders(server: Server) -> list[Path]:
    return [path.parent for path in server.home.glob("runs/*/config.json")]


def _chromium() -> str | None:
    """Path of a Chromium: $CONVSCOPE_CHROMIUM, else one on the PATH; None: take Playwright's own."""
    named = os.environ.get("CONVSCOPE_CHROMIUM")
    if named and not shutil.which(named):
        raise BenchError(f"CONVSCOPE_CHROMIUM={named} is not a program")
    return next(filter(None, map(shutil.which, [named] if named else CHROMIUM_NAMES)), None)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _connects(host: str, port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((host, port)) == 0


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
