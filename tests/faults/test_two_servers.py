"""Two servers on one home that both resume one run: one of them trains it."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from conftest import Rounds
from invariants import CONFIG, assert_nothing_lost, words_of
from patience import until
from raw_window import open_window
from real_runs import ended
from small_runs import MODEL, state
from streamlit.proto.WidgetStates_pb2 import WidgetState
from test_killed_servers import order

from bench.app import serving
from cnn_core import runs
from cnn_core.progress.events import RunStarted
from cnn_core.runs import log as run_log

pytestmark = [pytest.mark.slow, pytest.mark.long]


def test_one_of_two_servers_trains_a_run_that_both_resume(
    convscope_home: Path, fault: Rounds
) -> None:
    convscope_home.mkdir()
    token = secrets.token_hex(16)
    with serving(home=convscope_home) as first, serving(home=convscope_home) as second:
        before = order(first, token)
        assert ended(before) == "finished"
        whole = list(run_log.history(before).complete_epochs)
        for each in fault("two servers that resume one run", short=1, in_full=10):
            run = runs.create(MODEL, CONFIG, owner=before.owner)
            runs.write_status(run, "interrupted")
            with open_window(first.url, token) as one, open_window(second.url, token) as other:
                windows = [one, other]
                for window in windows:
                    window.open("playground").unfold("runs").press(f"open_{run.id}")
                each.random.shuffle(windows)
                for window in windows:
                    button = window.id_of("resume_run")
                    window.send(WidgetState(id=button, trigger_value=True))
                for window in windows:
                    window.wait()
                    assert window.exceptions == []
            until(lambda run=run: state(run) in (*runs.OVER, "failed"))
            assert len(words_of(run, RunStarted)) == 1
            each.note("one trained")
            assert_nothing_lost(run, whole, 0)
