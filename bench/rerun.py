"""What a rerun costs against the same page with Keras imported in the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from statistics import median

from playwright.sync_api import Browser

from bench.app import BenchError, Server, browsing, serving, visiting
from bench.repaint import AT_ONCE_MS, CALM_MS, Filters
from bench.report import Figure

ROUNDS, CHANGES = 3, 8
SERVERS: dict[str, tuple[str, dict[str, str]]] = {
    "as it is": ("streamlit", {}),
    "with Keras": ("bench.with_keras", {}),
    "with Keras and without gc.freeze": ("bench.with_keras", {"BENCH_FREEZE": "no"}),
}


@dataclass
class Costs:
    """Milliseconds a change.

    Attributes:
        at_once: To the repaint, clicked as soon as the last rerun was over: what Streamlit
            does after a rerun is still to be waited for.
        with_pauses: To the repaint, clicked when the server was at rest.
        processor: Of processor time in the server.
    """

    at_once: list[float] = field(default_factory=list)
    with_pauses: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def add(self, server: Server, filters: Filters) -> None:
        """One round of changes."""
        self.with_pauses += filters.change(CHANGES, CALM_MS)
        server.wait_until_idle()
        before = server.cpu_seconds()
        self.at_once += filters.change(CHANGES, AT_ONCE_MS)[1:]  # nothing runs before the first
        server.wait_until_idle()
        self.processor.append((server.cpu_seconds() - before) / CHANGES * 1000)


def measure(*, quick: bool) -> Iterator[Figure]:
    """The same clicks on the same page of three servers, in turns."""
    costs = {name: Costs() for name in SERVERS}
    with browsing() as browser, ExitStack() as stack:
        opened = {name: _open(browser, stack, name) for name in SERVERS}
        for _ in range(1 if quick else ROUNDS):
            for name, (server, filters) in opened.items():
                costs[name].add(server, filters)
    ours, *others = SERVERS
    for name in others:
        yield _figure(name, costs[name], ours, costs[ours])


def _open(browser: Browser, stack: ExitStack, name: str) -> tuple[Server, Filters]:
    module, environment = SERVERS[name]
    server = stack.enter_context(serving(module, **environment))
    if server.holds("tensorflow") != (module != "streamlit"):
        raise BenchError(f"Keras is not where it should be: server {name}")
    page = stack.enter_context(visiting(browser, f"{server.url}/playground"))
    server.wait_until_idle()
    filters = Filters(page)
    filters.change(3)
    return server, filters


def _figure(name: str, theirs: Costs, our_name: str, ours: Costs) -> Figure:
    ratio, calm, processor = (
        median(getattr(theirs, kind)) / median(getattr(ours, kind))
        for kind in ("at_once", "with_pauses", "processor")
    )
    return Figure(
        f"a rerun, server {name}, to the server {our_name}",
        f"{ratio:.1f} times ({median(theirs.at_once):.0f} ms to {median(ours.at_once):.0f} ms a change,"
        f" one right after the other; {calm:.1f} times with pauses;"
        f" processor time {processor:.1f} times, {median(theirs.processor):.0f} ms to"
        f" {median(ours.processor):.0f} ms)",
        values={"ratio": ratio, "theirs_ms": asdict(theirs), "ours_ms": asdict(ours)},
    )
