"""Tables of recorded runs on a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cnn_core import __main__ as command
from cnn_core import runs
from cnn_core.command.failures import PIPE_CLOSED
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import EpochEnd, RunEnded, RunStarted, Score
from cnn_core.runs.log import EventWriter

TINY = PRESETS["tiny"]
ROOT = Path(__file__).parents[2]


def recorded(name: str = "", accuracy: float = 0.8, **train: Any) -> runs.Run:
    run = runs.create(TINY.model, replace(TINY.train, **train), owner="somebody", name=name)
    write = EventWriter(run)
    write(RunStarted(1, 8000, 125, "float32"))
    for epoch in (1, 2):
        value = accuracy - 0.1 * (epoch == 1)
        write(EpochEnd(epoch, 1.0 / epoch, 0.5, 0.9 / epoch, value, 1e-3, 3.0, best=True))
    write(RunEnded("finished", 2, 2, 6.0, {"test": Score(0.5, 0.4321)}))
    write.close()
    runs.write_status(run, "finished")
    return run


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert command.main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_runs_are_listed_with_what_varies_and_without_the_test_accuracy(capsys):
    recorded("[bold]one", 0.8, batch_size=32)
    recorded("two", 0.7, batch_size=128)
    out = printed(capsys, "runs")
    assert "[bold]one" in out
    assert "batch_size" in out
    assert "learning_rate" not in out
    assert "0.8000" in out
    assert "0.4321" not in out
    assert max(map(len, out.splitlines())) <= 200


def test_json_of_runs_has_the_best_epoch_and_all_settings(capsys):
    run = recorded("one")
    [tree] = json.loads(printed(capsys, "runs", "--json"))
    assert (tree["id"], tree["name"], tree["state"]) == (run.id, "one", "finished")
    assert tree["best"]["epoch"] == 2
    assert tree["best"]["val_accuracy"] == 0.8
    assert tree["train"]["batch_size"] == run.train.batch_size
    assert "owner" not in tree


def test_only_so_many_are_listed_the_newest_first(capsys):
    for number in range(3):
        recorded(str(number))
    assert len(json.loads(printed(capsys, "runs", "--json", "--count", "2"))) == 2


def test_without_runs_a_sentence_says_so(capsys):
    assert printed(capsys, "runs") == f"No runs in {runs.home()} yet.\n"
    assert json.loads(printed(capsys, "runs", "--json")) == []


def test_a_comparison_shows_only_what_differs(capsys):
    first, second = recorded("one", 0.8), recorded("two", 0.7, learning_rate=0.01)
    out = printed(capsys, "compare", first.id, second.id[-6:])
    assert "learning_rate" in out
    assert "dropout" not in out
    assert "0.7000" in out
    everything = printed(capsys, "compare", first.id, second.id, "--everything")
    assert "block 2: kernel" in everything
    tree = json.loads(printed(capsys, "compare", first.id, second.id, "--json"))
    assert tree["settings"] == {"learning_rate": [first.train.learning_rate, 0.01]}


def test_runs_of_one_name_have_a_column_each(capsys):
    first, second = recorded("same"), recorded("same", seed=5)
    out = printed(capsys, "compare", first.id, second.id)
    assert first.id in out
    assert second.id in out


@pytest.mark.parametrize(
    "what", ["unknown", "itself", "itself by its end", "one", "nothing", "path"]
)
def test_a_bad_id_is_one_sentence(what, capsys):
    run = recorded("one")
    ids = {
        "unknown": [run.id, "20200101-000000-000000"],
        "itself": [run.id, run.id],
        "itself by its end": [run.id, run.id[-6:]],
        "one": [run.id],
        "nothing": [run.id, ""],
        "path": [run.id, "../../etc"],
    }[what]
    try:
        assert command.main(["compare", *ids]) == 2
    except SystemExit as end:
        assert end.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1


def test_an_end_that_fits_several_runs_is_refused(capsys):
    first, second = recorded("one"), recorded("two")
    common = next(digit for digit in "0123456789abcdef" if not first.id.endswith(digit))
    ids = [f"20260101-00000{n}-00000{common}" for n in (1, 2)]
    for run, run_id in zip((first, second), ids, strict=True):
        run.folder.rename(run.folder.parent / run_id)
    assert command.main(["compare", f"00000{common}", ids[0]]) == 2
    assert "Several runs end in" in capsys.readouterr().err


def test_a_reader_who_has_seen_enough_gets_no_message_and_no_traceback() -> None:
    recorded("a run")
    listed = [sys.executable, "-m", "cnn_core", "runs", "--json"]
    with subprocess.Popen(
        listed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == PIPE_CLOSED


@pytest.mark.parametrize("count", ["0", "-1", "x", "1.5"])
def test_a_count_of_runs_that_is_none_is_a_sentence(
    count: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded()
    with pytest.raises(SystemExit) as ended:
        command.main(["runs", "--count", count])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"argument --count: must be a whole number of at least 1, not {count}" in err
