"""`python -m cnn_core sweep`: mistakes, a sweep to its end, and Ctrl-C in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from patience import until
from sweep_play import Played

from cnn_core import __main__ as command
from cnn_core import runs, sweeps
from cnn_core.command import sweep as sweep_command
from cnn_core.sweeps import outcome

ROOT = Path(__file__).parents[2]
SMALL = ["--preset", "tiny", "--dataset", "digits", "--epochs", "2", "--batch-size", "64"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--vary", "kernel=9"], "kernel must be between 1 and 7"),
        (["--vary", "nothing=1"], "cannot vary “nothing”"),
        (["--vary", "kernel"], "Enter the values of kernel"),
        (["--vary", "kernel=3", "--vary", "kernel=5"], "twice"),
        (["--vary", "dropout=0.5:0.1"], "is not a range"),
        (["--vary", "blocks=4"], "No combination can be trained (tried: 1)"),
        (["--vary", "seed=0:999", "--trials", "101"], "101 trials are too many"),
        (["--vary", "kernel=3,5", "--trials", "0"], "trials must be between"),
    ],
)
def test_a_mistake_is_a_sentence_and_nothing_begins(options: list[str], says: str, capsys) -> None:
    assert command.main(["sweep", *SMALL, *options]) == command.MISTAKE
    assert says in capsys.readouterr().err
    assert sweeps.newest() == []
    assert runs.all_runs() == []


class Instant(Played):
    """An engine that trains whatever is ordered as soon as it is asked how it is."""

    def __init__(self, *address: Any, **options: Any) -> None:
        super().__init__(accuracy=lambda run, epoch: 0.5 + run.model.blocks[0].kernel / 100)

    def start(self) -> None: ...

    def close(self) -> None: ...

    def problem(self, kind: str) -> None:
        self.tick()
        for future in self.training():
            self.epoch(future)


def test_each_trial_is_a_line_and_the_best_comes_last(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sweep_command, "Engine", Instant)
    monkeypatch.setattr(sweep_command, "POLL_S", 0.0)
    monkeypatch.setattr("cnn_core.sweeps.driver.SECONDS_BETWEEN_SCANS", 0.0)
    options = [
        "--vary",
        "kernel=3,5",
        "--vary",
        "dropout=0.1",
        "--method",
        "grid",
        "--name",
        "night",
    ]
    assert command.main(["sweep", *SMALL, *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 trials of 2 epochs on 1,149 images")
    assert sum(line.startswith("trial ") for line in lines) == 2
    assert "best: trial" in lines[3]
    assert "val_accuracy 0.5500, dropout=0.1, kernel=5" in lines[3].replace(
        "kernel=5, dropout=0.1", "dropout=0.1, kernel=5"
    )
    [sweep] = sweeps.newest()
    assert {run.name for run in runs.all_runs()} == {"night #1", "night #2"}
    assert lines[-1] == f"run: {outcome.best(outcome.trials(sweep)).run}"


def test_json_has_every_trial(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sweep_command, "Engine", Instant)
    monkeypatch.setattr(sweep_command, "POLL_S", 0.01)
    monkeypatch.setattr("cnn_core.sweeps.driver.SECONDS_BETWEEN_SCANS", 0.0)
    assert command.main(["sweep", *SMALL, "--vary", "kernel=1,3,5", "--trials", "3", "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["state"] == "finished"
    assert {trial["settings"]["kernel"] for trial in tree["trials"]} == {1, 3, 5}
    assert tree["trials"][tree["best"] - 1]["settings"] == {"kernel": 5}
    assert tree["importance"] == {"kernel": 1.0}
    assert {run.name for run in runs.all_runs()} == {f"Sweep 1 #{number}" for number in (1, 2, 3)}


@pytest.mark.long
@pytest.mark.slow
def test_ctrl_c_stops_the_sweep_and_keeps_what_is_done(convscope_home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cnn_core", "sweep", *SMALL, "--epochs", "4", "--vary", "seed=0:99",
         "--trials", "50"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "CONVSCOPE_HOME": str(convscope_home)},
    )  # fmt: skip
    try:
        until(sweeps.newest)
        [sweep] = sweeps.newest()
        until(lambda: any(trial.state == "finished" for trial in outcome.trials(sweep)))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=180)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in out + err
    assert "Interrupted." in err
    assert "trial 1/50: val_accuracy" in out
    assert sweeps.progress(sweep).state == "stopped"
    trials = outcome.trials(sweep)
    assert all(trial.over for trial in trials)
    assert any(trial.state == "finished" for trial in trials)
