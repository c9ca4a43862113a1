"""The server killed at random moments: its workers end, its run is interrupted and goes on, once."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import pytest
from conftest import Rounds
from invariants import CONFIG, assert_nothing_lost, gone, moment, saved
from patience import until
from raw_window import open_window
from real_runs import ended
from small_runs import MODEL, state

from bench.app import Server, serving
from cnn_core import runs
from cnn_core.planning.links import to_query
from cnn_core.runs import log as run_log

pytestmark = [pytest.mark.slow, pytest.mark.long]  # tests/browser/test_interruption.py has a round

LINK = urlencode(to_query(MODEL, CONFIG)) + "&lang=en"


@pytest.fixture
def token() -> str:
    """What the browser keeps of who its visitor is."""
    return secrets.token_hex(16)


def order(server: Server, token: str) -> runs.Run:
    """Press Train in a window that is closed afterwards."""
    before = {run.id for run in runs.newest()}
    with open_window(server.url, token) as window:
        window.open("playground", LINK).press("train")
        assert window.exceptions == []
    return next(run for run in runs.newest() if run.id not in before)


def kill(server: Server) -> None:
    """As a power cut would; its workers notice."""
    family = [process.pid for process in server.family()]
    server.process.kill()
    server.process.wait()
    for pid in family:
        gone(pid)


def test_a_run_goes_on_after_the_server_was_killed_at_any_moment(
    convscope_home: Path, token: str, fault: Rounds
) -> None:
    convscope_home.mkdir()
    with serving(home=convscope_home) as server:
        began = time.monotonic()
        first = order(server, token)
        assert ended(first) == "finished"
        whole, takes = list(run_log.history(first).complete_epochs), time.monotonic() - began
    rounds = fault("SIGKILL of the server", short=1, in_full=20)
    for each in rounds:
        with serving(home=convscope_home) as server:
            run = order(server, token)
            time.sleep(each.random.uniform(0.0, takes))
            kill(server)
            before, ended_as = saved(run), state(run)
            each.note(moment(run))
            assert ended_as in ("interrupted", *runs.OVER)
        with serving(home=convscope_home) as server, open_window(server.url, token) as window:
            window.open("playground").unfold("runs").press(f"open_{run.id}")
            assert window.exceptions == []
            if ended_as == "interrupted":
                assert "interrupted" in window.text()
                window.press("resume_run")
                assert window.exceptions == []
            until(lambda run=run: state(run) in runs.OVER)
            assert_nothing_lost(run, whole, before)


def test_two_servers_on_one_home_resume_a_run_at_once_and_one_of_them_trains_it(
    convscope_home: Path, token: str, fault: Rounds
) -> None:
    convscope_home.mkdir()
    with serving(home=convscope_home) as server:
        first = order(server, token)
        assert ended(first) == "finished"
        whole = list(run_log.history(first).complete_epochs)
    for each in fault("two servers resume one run", short=1, in_full=5):
        with serving(home=convscope_home) as server:
            run = order(server, token)
            until(lambda run=run: saved(run) or state(run) in runs.OVER)
            kill(server)
        until(lambda run=run: state(run) in ("interrupted", *runs.OVER))
        if state(run) in runs.OVER:
            each.note("over")
            continue
        before = saved(run)
        each.note(moment(run))
        with serving(home=convscope_home) as a, serving(home=convscope_home) as b:
            with ExitStack() as windows:
                opened = [windows.enter_context(open_window(it.url, token)) for it in (a, b)]
                for window in opened:
                    window.open("playground").unfold("runs").press(f"open_{run.id}")
                with ThreadPoolExecutor(len(opened)) as both:
                    for pressed in [both.submit(it.press, "resume_run") for it in opened]:
                        pressed.result()
                assert [window.exceptions for window in opened] == [[], []]
            until(lambda run=run: state(run) in runs.OVER)
            assert_nothing_lost(run, whole, before)
