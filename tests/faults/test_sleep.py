"""A laptop that sleeps: server and workers are stopped in the middle of a training, and go on."""

from __future__ import annotations

import os
import secrets
import signal
import time
from pathlib import Path

import psutil
import pytest
from conftest import Rounds
from invariants import assert_nothing_lost, moment, saved
from lengths import rounds
from patience import until
from raw_window import open_window
from real_runs import ended
from small_runs import state
from test_killed_servers import LINK, order

from bench.app import serving
from cnn_core import runs
from cnn_core.runs import lease
from cnn_core.runs import log as run_log

pytestmark = [pytest.mark.slow, pytest.mark.long]

ASLEEP_S = rounds(lease.STALE_AFTER + 5.0, 60.0)


def test_a_run_goes_on_after_the_machine_slept(convscope_home: Path, fault: Rounds) -> None:
    convscope_home.mkdir()
    token = secrets.token_hex(16)
    with serving(home=convscope_home) as server:
        began = time.monotonic()
        first = order(server, token)
        assert ended(first) == "finished"
        takes = time.monotonic() - began
        whole = list(run_log.history(first).complete_epochs)
        for each in fault(f"SIGSTOP of everything for {ASLEEP_S:.0f} s", short=1, in_full=3):
            run = order(server, token)
            time.sleep(each.random.uniform(0.0, takes))
            family = server.family()
            _signal(family, signal.SIGSTOP)
            each.note(moment(run))
            before = saved(run)
            time.sleep(ASLEEP_S)
            _signal(family[::-1] if each.random.random() < 0.5 else family, signal.SIGCONT)
            until(lambda run=run: state(run) in (*runs.OVER, "failed"))
            assert_nothing_lost(run, whole, before)
            with open_window(server.url, token) as window:
                window.open("playground", LINK)
                assert window.exceptions == []


def _signal(family: list[psutil.Process], number: int) -> None:
    for process in family:
        os.kill(process.pid, number)
