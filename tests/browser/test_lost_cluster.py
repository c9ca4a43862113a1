"""An existing cluster as the README sets it up, by its own commands; and what is said until all is there."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest
from conftest import ROOT, eventually
from playwright.sync_api import expect
from real_clusters import address, python
from screens import Playground

__all__ = ["address"]  # a fixture
README = (ROOT / "README.md").read_text("utf-8")
[BLOCK] = re.findall(r"## On a cluster\n.*?```\n(.*?)```", README, re.S)
COMMANDS = [line.partition("#")[0].strip() for line in BLOCK.splitlines()]


@pytest.fixture
def run_command(tmp_path) -> Iterator[Callable[[str, str], subprocess.Popen[bytes]]]:
    """Runs a command of the README on this machine, and ends it with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(command: str, address: str) -> subprocess.Popen[bytes]:
        program, *words = shlex.split(command.replace("tcp://host:8786", address))
        assert program == "python"
        if words[2] == "scheduler":
            words += ["--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
        log = tmp_path / f"command-{len(started)}.log"
        started.append(python(log, *words, CONVSCOPE_HOME=str(tmp_path / "home")))
        return started[-1]

    yield begin
    for process in started:
        process.send_signal(signal.SIGINT)
    for process in started:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.long
def test_the_commands_of_the_readme_make_a_cluster_that_trains_and_looks(
    start, window, run_command, address
):
    scheduler, train, look, app = COMMANDS
    assert app == "CONVSCOPE_SCHEDULER=tcp://host:8786 make run"
    server = start(CONVSCOPE_SCHEDULER=address)
    page = window(server.link(preset="watch", dataset="digits", epochs="1", lang="en"))
    screen = Playground.of(page)
    said = page.get_by_test_id("stAlert")
    expect(said.filter(has_text="No Dask scheduler")).to_have_count(1)

    process = run_command(scheduler, address)
    expect(said.filter(has_text="has no worker that trains")).to_have_count(1)
    expect(said.filter(has_text="has no worker that looks into networks")).to_have_count(1)
    screen.part("train").get_by_role("button").click()
    expect(page.locator(".st-key-run_panel")).to_contain_text("has no worker that trains")

    run_command(train, address)
    run_command(look, address)
    eventually(lambda: server.runs() and server.state(server.runs()[0]) == "finished")
    expect(said.filter(has_text="has no worker")).to_have_count(0)
    page.goto(f"{server.url}/feature_maps?run={server.runs()[0]}&lang=en")
    expect(page.locator(".stMain img").first).to_be_visible()
    expect(said).to_have_count(0)

    process.kill()
    process.wait()
    expect(said.filter(has_text="No Dask scheduler")).to_have_count(1)
    page.get_by_role("button", name="Next images").click()
    expect(said.filter(has_text="No Dask scheduler")).to_have_count(2)  # the page's own, too
    run_command(scheduler, address)
    expect(said).to_have_count(0)
