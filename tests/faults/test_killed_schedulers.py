"""The scheduler of a cluster that the app did not start, killed while a run trains there."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Rounds
from invariants import CONFIG, assert_nothing_lost, moment, saved, whole_history
from patience import until
from real_clusters import address, plain_scheduler, start, worker_of
from real_runs import real_home, shared_home, train
from small_runs import state

from cnn_core.engine import Engine
from cnn_core.errors import EngineError

__all__ = ["address", "real_home", "shared_home", "start"]  # fixtures

pytestmark = [pytest.mark.slow, pytest.mark.long]  # tests/engine/test_existing_cluster.py has one


def test_runs_of_two_servers_go_on_after_their_scheduler_is_killed(
    start: Callable[..., subprocess.Popen[bytes]], address: str, tmp_path: Path, fault: Rounds
) -> None:
    scheduler = plain_scheduler(start, address, tmp_path)
    for kind in ("train", "train", "look"):
        worker_of(start, address, kind)
    servers = [Engine(address).start(), Engine(address).start()]
    try:
        until(lambda: all(server.ready("train") and server.ready("look") for server in servers))
        began = time.monotonic()
        whole = whole_history(servers[0])
        takes = time.monotonic() - began
        for each in fault("SIGKILL of a cluster's scheduler", short=1, in_full=5):
            ordered = [train(server, CONFIG) for server in servers]
            time.sleep(each.random.uniform(0.0, takes))
            scheduler.kill()
            scheduler.wait()
            before = [saved(run) for run in ordered]
            for run in ordered:
                each.note(moment(run))
            for server in servers:
                until(lambda server=server: server.problem("train"))
                assert address in str(server.problem("train"))
                with pytest.raises(EngineError, match="No Dask scheduler responds"):
                    server.look("predict", ordered[0], np.zeros((1, 8, 8, 1), np.uint8))
            scheduler = plain_scheduler(start, address, tmp_path)
            for run, done in zip(ordered, before, strict=True):
                until(lambda run=run: state(run) in ("finished", "failed"))
                assert_nothing_lost(run, whole, done)
            assert all(server.problem("train") is None for server in servers)
    finally:
        for server in servers:
            server.close()
