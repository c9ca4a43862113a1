"""A cluster that is already there: a scheduler and workers that the app did not start."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from patience import until
from real_clusters import address, plain_scheduler, start, worker_of
from real_runs import (
    ROOT,
    ended,
    real_home,
    running_pid,
    shared_home,
    train,
    words,
)
from small_runs import LONG, state

from cnn_core import runs
from cnn_core.engine import Engine, cluster
from cnn_core.errors import EngineError
from cnn_core.progress.events import RunStarted

__all__ = ["address", "real_home", "shared_home", "start"]  # fixtures


@pytest.mark.slow
def test_an_existing_cluster_trains_looks_and_may_go_away(
    start: Callable[..., subprocess.Popen[bytes]], address: str, tmp_path: Path
) -> None:
    scheduler = plain_scheduler(start, address, tmp_path)
    workers = [worker_of(start, address, kind) for kind in ("both", "train")]
    engine = Engine(address).start()
    try:
        until(lambda: len(engine.workers("train")) == 2 and engine.ready("look"))
        assert engine.problem("train") is None
        first, second, third = (train(engine, LONG, owner=name) for name in "abc")
        until(lambda: (state(first), state(second)) == ("running", "running"))
        assert state(third) == "queued"
        assert engine.place(third).position == 2
        assert running_pid(first) != running_pid(second)
        assert {running_pid(first), running_pid(second)} == {it.pid for it in workers}
        until((first.folder / "best.keras").exists)
        assert engine.look(
            "predict", first, np.zeros((2, 8, 8, 1), np.uint8), timeout=150
        ).shape == (2, 10)
        with pytest.raises(EngineError, match="did not respond"):
            engine.look("predict", first, "no images")
        engine.stop(third, by=third.owner)
        assert state(third) == "stopped"
        workers[1].kill()

        scheduler.kill()
        scheduler.wait()
        until(lambda: engine.problem("train"))
        assert address in str(engine.problem("train"))
        until(lambda: state(first) == state(second) == "queued")
        with pytest.raises(EngineError, match="No Dask scheduler responds"):
            engine.look("predict", first, np.zeros((2, 8, 8, 1), np.uint8))

        plain_scheduler(start, address, tmp_path)
        until(lambda: engine.problem("train") is None)
        until(lambda: state(first) == "running")
        assert running_pid(first) == workers[0].pid, "the worker did not come back by itself"
        until(lambda: len(words(first, RunStarted)) == 2)
        assert words(first, RunStarted)[1].epochs_done >= 1
        assert engine.place(second).position == 1
        until(lambda: engine.ready("look"))
        assert engine.look(
            "predict", first, np.zeros((2, 8, 8, 1), np.uint8), timeout=150
        ).shape == (2, 10)
    finally:
        engine.close()
    assert state(second) == "interrupted"


@pytest.mark.long
@pytest.mark.slow
def test_a_worker_with_another_checkout_and_another_path_to_the_runs_works_too(
    start: Callable[..., subprocess.Popen[bytes]], address: str, tmp_path: Path, real_home: Path
) -> None:
    """As on another machine: nothing is where the server has it, and its places are not told."""
    copy, mount = tmp_path / "elsewhere" / "convscope", tmp_path / "mount"
    shutil.copytree(ROOT / "cnn_core", copy / "cnn_core")
    shutil.copytree(ROOT / "assets", copy / "assets")
    real_home.mkdir(exist_ok=True)
    mount.symlink_to(real_home)
    plain_scheduler(start, address, tmp_path)
    elsewhere = {"cwd": copy, "CONVSCOPE_HOME": str(mount), "PYTHONPATH": ""}
    worker_of(start, address, "train", **elsewhere)
    same = worker_of(start, address, "look", **elsewhere)
    engine = Engine(address).start()
    try:
        until(lambda: engine.ready("train") and engine.ready("look"))
        for run in runs.shipped_runs():  # the server's checkout is not the worker's
            moved = replace(run, folder=Path("/nowhere") / run.id)
            images = np.zeros((2, *run.model.input_shape), np.uint8)
            assert engine.look("predict", moved, images, timeout=150).shape == (
                2,
                run.model.classes,
            )
        run = train(engine)
        assert ended(run) == "finished"
        moved = replace(run, folder=Path("/nowhere") / run.id)
        assert engine.look(
            "predict", moved, np.zeros((2, 8, 8, 1), np.uint8), timeout=150
        ).shape == (2, 10)

        (copy / "cnn_core" / "another.py").write_text("# a file that this version does not have")
        worker_of(start, address, "look", **elsewhere)
        client = cluster.connect(address)
        until(lambda: len(cluster.workers(client)) == 3)
        client.close()
        engine.tick()
        assert len(engine.workers("look")) == 1
        assert engine.lack("look") is None
        same.kill()
        until(lambda: engine.lack("look"))
        assert "different version" in str(engine.lack("look"))
    finally:
        engine.close()
