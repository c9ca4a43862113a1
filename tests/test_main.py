"""`python -m cnn_core train` as a user types it: exit codes, figures, sentences instead of tracebacks."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cnn_core import __main__ as command
from cnn_core import model as models
from cnn_core.config import PRESETS, ConvBlock, ModelConfig, TrainConfig, to_query
from cnn_core.events import BatchEnd, Downloading, EpochEnd, Evaluating, RunEnded, Score

ROOT = Path(__file__).parent.parent
NOISE = ("Traceback", "oneDNN", "tensorflow", "WARNING", "absl")


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cnn_core", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str) -> tuple[int, str, str]:
    process = start(*arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def setup(*arguments: str) -> tuple[ModelConfig, TrainConfig]:
    return command._setup(command._parser().parse_args(["train", *arguments]))


# Set-up


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_taken_and_fitted_to_the_data(name: str) -> None:
    model, train = setup("--preset", name, "--dataset", "digits")
    preset = PRESETS[name]
    assert model.blocks == preset.model.blocks
    assert (model.input_shape, model.classes) == ((8, 8, 1), 10)
    assert train.dataset == "digits"
    assert (train.epochs, train.schedule) == (preset.train.epochs, preset.train.schedule)


def test_an_option_goes_before_the_link_and_the_link_before_the_preset() -> None:
    _, train = setup("--preset", "tiny", "--query", "epochs=7&lr=0.5", "--epochs", "9")
    assert (train.epochs, train.learning_rate, train.batch_size) == (9, 0.5, 64)


def test_every_option_of_the_training_can_be_given() -> None:
    chosen = TrainConfig("mnist", 500, 2, 16, "momentum", 0.1, "one_cycle", 1, 5, "float32", "full")
    options = [
        word
        for name in command.OVERRIDES
        for word in (f"--{name.replace('_', '-')}", str(getattr(chosen, name)))
    ]
    assert setup(*options)[1] == chosen


@pytest.mark.parametrize("before", ["", "?", "http://localhost:8501/playground?"])
def test_a_link_of_the_app_is_a_set_up(before: str) -> None:
    from urllib.parse import urlencode

    model = ModelConfig(blocks=(ConvBlock(16, 5, padding="valid"), ConvBlock(32)), dense=())
    train = TrainConfig("mnist", epochs=3, learning_rate=0.02)
    query = urlencode({**to_query(model, train), "lang": "ko", "run": "x"})
    assert setup("--query", before + query) == (model, train)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--epochs", "0"], "epochs must be between 1 and 100. Received epochs=0."),
        (["--learning-rate", "-1"], "learning_rate must be between"),
        (["--learning-rate", "nan"], "learning_rate must be a finite number"),
        (["--optimizer", "lion"], "optimizer must be one of"),
        (["--size", "huge"], "size must be one of"),
        (["--query", "blocks=-3"], "filters must be between 1 and 512. Received filters=-3."),
        (["--query", "data=cats"], "no data set “cats”"),
        (["--query", "blocks=8~8~8~8", "--dataset", "digits"], "8 → 4 → 2 → 1 → 0"),
        (["--epochs", "many"], "argument --epochs: invalid int value: 'many'."),
        (["--dataset", "cats"], "argument --dataset: invalid choice: 'cats'"),
        (["--preset", "huge"], "argument --preset: invalid choice: 'huge'"),
        (["--nonsense"], "unrecognized arguments: --nonsense."),
    ],
)
def test_a_mistake_is_one_sentence_and_code_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: Any = command.main(["train", *arguments])
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    assert code == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_folder_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    words = ["train", "--dataset", "digits", "--folder", str(tmp_path / "file" / "folder")]
    assert command.main(words) == 2
    said = capsys.readouterr().err
    assert "file/folder" in said
    assert said.count("\n") == 1


def test_help_and_mistakes_do_not_wait_for_tensorflow() -> None:
    code = (
        "import sys\n"
        "from cnn_core.__main__ import main\n"
        "for words in (['--help'], ['train', '--help'], ['train', '--epochs', '0']):\n"
        "    try: main(words)\n"
        "    except SystemExit as end: assert end.code == 0\n"
        "assert not {'keras', 'tensorflow', 'distributed'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "train one network, with a progress bar" in done.stdout
    assert "--learning-rate" in done.stdout


# Progress


def test_the_progress_says_every_epoch_and_the_scores(capsys: pytest.CaptureFixture[str]) -> None:
    with command._Progress(2) as progress:
        for event in (
            Downloading(5_000_000, 10_000_000),
            BatchEnd(1, 4, 8, 0.5, 0.8, 1e-3, 1234.0),
            EpochEnd(1, 0.5, 0.8, 0.4, 0.85, 1e-3, 2.0, best=True),
            Evaluating(),
            RunEnded("early_stopping", 2, 1, 4.0, {"test": Score(0.41, 0.84)}),
        ):
            progress(event)
        task = progress._bar.tasks[0]
        assert task.completed == 0.5
    said = capsys.readouterr().out
    assert (
        "epoch 1/2: loss 0.5000, accuracy 0.8000, val_loss 0.4000, val_accuracy 0.8500 (2.0 s)\n"
    ) in said
    assert "early stopping: best epoch 1\n" in said
    assert "test: loss 0.4100, accuracy 0.8400\n" in said


# The whole command


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
def test_control_c_ends_with_one_sentence(tmp_path: Path) -> None:
    process = start(
        *("train", "--preset", "tiny", "--dataset", "digits", "--epochs", "100"),
        *("--patience", "0", "--folder", str(tmp_path)),
    )
    try:
        deadline = time.monotonic() + 100
        while not (tmp_path / "best.keras").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err == f"Interrupted. The best weights so far are in {tmp_path}.\n"
    assert "epoch 1/100" in out
    assert not any(word in out for word in NOISE)
