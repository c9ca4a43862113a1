"""python -m cnn_core from its start to its end: trained, recorded, interrupted."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import ROOT, SETTINGS, run, setup, start
from lengths import at_length, repeats

from cnn_core import __main__ as command
from cnn_core import model as models
from cnn_core import runs
from cnn_core.command.recorded import OWNER, RecordedRun
from cnn_core.planning.presets import PRESETS
from cnn_core.runs import log

TINY = PRESETS["tiny"]


NOISE = ("Traceback", "oneDNN", "tensorflow", "WARNING", "absl")


@pytest.mark.slow
def test_training_prints_its_accuracies_and_keeps_the_weights(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    code, out, err = run(
        *("train", "--preset", "tiny", "--dataset", "digits", "--epochs", "1"),
        *("--query", "blocks=6.3", "--folder", str(folder)),
    )
    assert (code, err) == (0, "")
    assert re.search(r"^epoch 1/1: loss \d\.\d{4}, accuracy 0\.\d{4}, val_loss", out, re.M)
    for part in ("train", "val", "test"):
        assert re.search(rf"^{part}: loss \d\.\d{{4}}, accuracy 0\.\d{{4}}$", out, re.M)
    assert not any(word in out for word in NOISE)
    model, _ = setup("--preset", "tiny", "--dataset", "digits", "--query", "blocks=6.3")
    models.restore(model, folder / "best.keras")
    assert (folder / "snapshots" / "epoch-001.npz").exists()


@pytest.mark.slow
def test_a_training_without_a_folder_is_recorded_where_the_app_finds_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = ("--query", "blocks=6.3", "--name", "six filters")
    assert command.main(["train", *SETTINGS, *settings]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    [recorded] = runs.all_runs()
    assert out.endswith(f"Recorded as {recorded.id}.\n")
    assert "val: loss" in out
    assert "test: loss" not in out, "the app covers the test accuracy of its runs, too"
    assert (recorded.owner, recorded.name) == (OWNER, "six filters")
    assert runs.status(recorded).state == "finished"
    history = log.history(recorded)
    assert history.ended is not None
    assert len(history.complete_epochs) == 1
    models.restore(recorded.model, recorded.folder / "best.keras")
    assert runs.examples(recorded) is not None, "as a run of the app has them"
    assert command.main(["runs"]) == 0
    assert "six filters" in capsys.readouterr().out


def test_a_recorded_training_that_made_nothing_leaves_nothing() -> None:
    with pytest.raises(KeyboardInterrupt), RecordedRun(TINY.model, TINY.train):
        raise KeyboardInterrupt
    assert runs.all_runs() == []


def test_a_home_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONVSCOPE_HOME", str(tmp_path / "file"))
    assert command.main(["train", *SETTINGS]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("seconds", repeats([1.0], [0.0, 0.5, 1.0, 1.5, 2.0]))  # of loading
def test_control_c_while_it_loads_leaves_what_was_there(seconds: float, tmp_path: Path) -> None:
    (tmp_path / "best.keras").write_text("mine")
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "epoch-007.npz").write_text("mine")
    # One epoch takes too long to end.
    process = start(
        *("train", "--dataset", "digits", "--preset", "tiny", "--query", "blocks=256.7~256.7"),
        *("--batch-size", "1", "--folder", str(tmp_path), "--force"),
    )
    try:
        deadline = time.monotonic() + 180
        while not list(tmp_path.glob(".before-*")):  # it has begun
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=180)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err == "Interrupted. No epoch was complete, so no weights were saved.\n"
    left = {
        str(it.relative_to(tmp_path)): it.read_text()
        for it in tmp_path.rglob("*.*")
        if it.is_file()
    }
    assert left == {"best.keras": "mine", "snapshots/epoch-007.npz": "mine"}


INTERRUPTS_ITSELF = """
import atexit, os, sys
def hook(event, arguments):
    if event == "import" and arguments[0] == os.environ["MOMENT"]:
        os.kill(os.getpid(), 2)
sys.addaudithook(hook)
if os.environ["MOMENT"] == "exit":
    atexit.register(os.kill, os.getpid(), 2)
"""


@pytest.mark.parametrize(
    "moment",  # what is imported: from the first line to the last
    [
        "signal",
        at_length("lazy_loader"),
        at_length("numpy"),
        "cnn_core.runs.destination",
        at_length("rich.progress"),
        at_length("tensorflow"),
    ],
)
def test_control_c_at_any_moment_is_a_sentence_and_code_130(moment: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTS_ITSELF)
    folder = tmp_path / "folder"
    process = start(
        *("train", *SETTINGS, "--folder", str(folder)), PYTHONPATH=str(tmp_path), MOMENT=moment
    )
    _, err = process.communicate(timeout=180)
    assert process.returncode == 130, err
    assert err.startswith("Interrupted.")
    assert err.count("\n") == 1
    assert not folder.exists() or not list(folder.iterdir())


def test_control_c_after_the_work_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTS_ITSELF)
    file = tmp_path / "c.py"
    process = start("export", str(file), *SETTINGS, PYTHONPATH=str(tmp_path), MOMENT="exit")
    _, err = process.communicate(timeout=180)
    assert (process.returncode, err) == (0, "")
    assert file.exists()


@pytest.mark.slow
def test_control_c_ends_with_one_sentence(tmp_path: Path) -> None:
    process = start(
        *("train", "--preset", "tiny", "--dataset", "digits", "--epochs", "100"),
        *("--patience", "0", "--folder", str(tmp_path)),
    )
    try:
        deadline = time.monotonic() + 180
        while not (tmp_path / "best.keras").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=180)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err == f"Interrupted. The best weights so far are in {tmp_path}.\n"
    assert "epoch 1/100" in out
    assert not any(word in out for word in NOISE)


def test_a_missing_tensorflow_is_a_sentence() -> None:
    code = (
        "import sys; sys.modules['tensorflow'] = None; from cnn_core.__main__ import main;"
        "sys.exit(main(['train', '--preset', 'tiny', '--epochs', '1']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == command.MISTAKE, done.stderr
    assert "TensorFlow is not installed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_make_run_starts_the_app_with_the_environment_that_it_was_given() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--old-file=.venv/.installed", "run", "PORT=8765"],
        cwd=ROOT,
        env={**os.environ, "CONVSCOPE_SCHEDULER": "tcp://host:8786"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "-m streamlit run app.py --server.port 8765" in done.stdout
    assert "CONVSCOPE_SCHEDULER" not in done.stdout, "it would replace what was given"
    assert "pip install" not in done.stdout
