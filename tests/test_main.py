"""`python -m cnn_core train` as a user types it: exit codes, figures, sentences instead of tracebacks."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import ROOT, SETTINGS, setup

from cnn_core import __main__ as command
from cnn_core.command.progress import ProgressBar
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.planning.links import to_query
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import BatchEnd, Downloading, EpochEnd, Evaluating, RunEnded, Score


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
    values = (
        *("mnist", 500, 2, 16, "momentum", 0.1, "one_cycle", 1, 5, "float32", "full", 0.9),
        "noise",
    )
    chosen = TrainConfig(*values)
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


@pytest.mark.parametrize(
    "link",
    [
        "%%%",
        "",
        "?",
        "epochs",
        "http://localhost:8501/playground",
        "foo=1",
        "=&=",
    ],
)
def test_a_link_without_settings_is_one_sentence(
    link: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["train", "--query", link]) == 2
    assert capsys.readouterr().err.startswith(f"“{link}” names no setting. Copy a link from")


def test_what_is_no_setting_of_a_link_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["train", "--query", "epochs=3&foo=1&bar="]) == 2
    said = capsys.readouterr().err
    assert said.startswith("The link has unknown settings: bar, foo. A link can have: ")
    assert "epochs" in said


def test_every_command_and_option_is_explained_in_a_phrase() -> None:
    parser = command._parser()
    [commands] = [it for it in parser._actions if isinstance(it, argparse._SubParsersAction)]
    assert set(commands.choices) == {
        *("check", "train", "sweep", "runs", "compare", "export", "worker", "scheduler"),
        *("admin", "rehearse"),
    }
    assert all(len(it.help or "") > 20 for it in commands._choices_actions)
    for one in commands.choices.values():
        assert one.description
        for action in one._actions:
            assert len((action.help or "").split()) >= 3, action.option_strings
        assert "Errno" not in one.format_help()


@pytest.mark.parametrize("name", ["c.IPYNB", "c.ipynb", "c.py", "c.PY", "new/folder/c.py"])
def test_the_ending_decides_what_is_exported(name: str, tmp_path: Path) -> None:
    assert command.main(["export", str(tmp_path / name), *SETTINGS]) == 0
    text = (tmp_path / name).read_text("utf-8")
    assert text.startswith("{") == name.lower().endswith(".ipynb")


@pytest.mark.parametrize("name", ["folder", "folder.py", "c", "c.txt", "file/c.py"])
def test_a_place_for_no_program_is_one_sentence_and_changes_nothing(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.py").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for force in ([], ["--force"]):
        assert command.main(["export", str(tmp_path / name), *force, *SETTINGS]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "Errno" not in said
        assert ("is a folder" in said) == name.startswith("folder")
        assert sorted(tmp_path.rglob("*")) == before


def test_a_file_where_the_folder_of_a_training_should_be_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    for force in ([], ["--force"]):
        assert command.main(["train", "--folder", str(tmp_path / "file"), *force, *SETTINGS]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert said.startswith(f"{tmp_path / 'file'} is a file")
        assert (tmp_path / "file").read_text() == "mine"


def test_an_export_replaces_another_file_only_by_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.py"
    path.write_text("mine")
    assert command.main(["export", str(path), *SETTINGS]) == 2
    assert capsys.readouterr().err.startswith(f"{path} exists and holds something else.")
    assert path.read_text() == "mine"
    assert command.main(["export", str(path), "--force", *SETTINGS]) == 0
    assert "keras" in path.read_text("utf-8")
    assert command.main(["export", str(path), *SETTINGS]) == 0, "it holds the same"


def test_a_folder_that_holds_something_is_trained_into_only_by_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "best.keras").write_text("mine")
    assert command.main(["train", "--folder", str(tmp_path), *SETTINGS]) == 2
    assert capsys.readouterr().err.startswith(f"The folder {tmp_path} is not empty.")
    assert (tmp_path / "best.keras").read_text() == "mine"
    assert command.main(["train", "--folder", str(tmp_path / "best.keras"), *SETTINGS]) == 2
    assert "is a file. Name a folder" in capsys.readouterr().err


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


def test_the_progress_says_every_epoch_and_the_scores(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar(2) as progress:
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
