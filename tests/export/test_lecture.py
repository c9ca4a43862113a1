"""The exported lecture runs from top to bottom in plain Keras, and shows the numbers of the notes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import pytest
from numpy.testing import assert_allclose

from cnn_core import export
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig

ROOT = Path(__file__).parents[2]
STUDENT = Path(__file__).parents[1] / "plain_lecture.py"
DATA = {name: str(ROOT / "assets" / "data" / f"{name}.npz") for name in ("fashion_mnist", "mnist")}
NOTES = TrainConfig(epochs=1, batch_size=256, size="full", precision="float32")
UNUSUAL = ModelConfig(
    blocks=(ConvBlock(70, 1, 2, pool="average"), ConvBlock(6, 5, padding="valid", pool="none")),
    dense=(),
)
PART = TrainConfig(
    "mnist", 400, epochs=3, schedule="one_cycle", patience=0, precision="bfloat16", batch_size=64
)
EIGHT = ModelConfig(blocks=(ConvBlock(3),), dense=(12, 8), dropout=0.0, input_shape=(8, 8, 1))


def run_all(folder: Path, programs: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What each program printed, drew and defined, in a process that has only plain Keras."""
    for name, program in programs.items():
        (folder / name).write_text(program, encoding="utf-8")
    jobs = [{"program": name, "data": DATA, "count": 60_000} for name in programs]
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    command = [sys.executable, "-I", str(STUDENT), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "plain"
    return {
        Path(name).stem: json.loads((folder / name).with_suffix(".json").read_text("utf-8"))
        for name in programs
    }


@pytest.fixture(scope="module")
def lectures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Both forms, both languages, both set-ups; a long test has their other mixtures, and digits."""
    programs = {
        "unusual.ipynb": export.to_notebook(UNUSUAL, PART, form="lecture", language="ko"),
        "textbook.py": export.to_script(TEXTBOOK, replace(PART, epochs=1), form="lecture"),
    }
    return run_all(tmp_path_factory.mktemp("lectures"), programs)


@pytest.mark.slow
def test_the_numbers_of_the_notes_but_for_how_many_images(
    lectures: dict[str, dict[str, Any]],
) -> None:
    assert_numbers_of_the_notes(lectures["textbook"])


@pytest.mark.slow
@pytest.mark.long  # a whole epoch of 48,000 images
def test_all_numbers_of_the_notes(tmp_path: Path) -> None:
    notes = run_all(tmp_path, {"notes.py": export.to_script(TEXTBOOK, NOTES, form="lecture")})
    assert_whole(notes["notes"])
    assert_numbers_of_the_notes(notes["notes"])
    assert notes["notes"]["shapes"] == {
        "x_train": [48_000, 28, 28, 1],
        "y_train": [48_000],
        "x_val": [12_000, 28, 28, 1],
        "y_val": [12_000],
        "feature_maps": [1, 28, 28, 32],
        "conv_weights": [3, 3, 1, 32],
        "preds": [1, 10],
    }
    for line in ("(60000, 28, 28) (60000,)", "(48000, 28, 28, 1) (48000,)"):
        assert line in notes["notes"]["printed"]
    assert notes["notes"]["stratified"] == [[4_800] * 10, [1_200] * 10]


def assert_numbers_of_the_notes(notes: dict[str, Any]) -> None:
    """Those of its network, whatever it was trained on."""
    assert notes["shapes"]["feature_maps"] == [1, 28, 28, 32]
    assert notes["shapes"]["conv_weights"] == [3, 3, 1, 32]
    assert notes["shapes"]["preds"] == [1, 10]
    assert notes["weights"] == [[3, 3, 1, 32], [32]]
    parameters = [count for _, count in notes["layers"] if count]
    assert parameters == [320, 18_496, 313_700, 1_010]
    printed = notes["printed"]
    assert "(3, 3, 1, 32) (32,)" in printed
    for count in ("333,526", "18,496", "313,700", "1,010", "None, 28, 28, 32"):
        assert count in printed
    assert "'keras.src.callbacks.history.History'" in printed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["textbook", "unusual"])
def test_no_figure_is_empty(name: str, lectures: dict[str, dict[str, Any]]) -> None:
    assert_whole(lectures[name])


def assert_whole(lecture: dict[str, Any]) -> None:
    """Every figure shows something."""
    maps = min(lecture["weights"][0][-1], 64)
    ten, loss, train, val, histograms, kernels, image, feature_maps, one = lecture["figures"]
    assert len(ten) == 10
    assert all(axis["images"][0] > 0 for axis in ten)
    assert loss[0]["lines"] == [len(lecture["epochs"])] * 2
    for matrix in (train, val):
        assert matrix[0]["images"][0] > 0
    assert all(axis["bars"] > 1 for axis in histograms)
    assert sum(bool(axis["images"]) for axis in kernels) == maps
    assert sum(bool(axis["images"]) for axis in feature_maps) == maps
    assert any(axis["images"] and axis["images"][0] > 0 for axis in feature_maps)
    assert image[0]["images"][0] > 0
    assert one[0]["images"][0] > 0
    assert one[1]["bars"] >= 1


@pytest.mark.slow
def test_the_loaded_network_is_that_of_the_best_epoch(
    lectures: dict[str, dict[str, Any]],
) -> None:
    for lecture in lectures.values():
        assert_allclose(lecture["validation"][0], min(lecture["history"]["val_loss"]), rtol=1e-3)
    assert lectures["unusual"]["shapes"]["x_train"] == [400, 28, 28, 1]
    assert len(lectures["unusual"]["epochs"]) == 3


@pytest.mark.slow
@pytest.mark.long
def test_the_other_mixtures_of_form_language_and_set_up(tmp_path: Path) -> None:
    programs = {
        "digits.ipynb": export.to_notebook(
            EIGHT,
            TrainConfig("digits", epochs=4, optimizer="momentum", target=0.999),
            form="lecture",
        ),
        "textbook.ipynb": export.to_notebook(TEXTBOOK, PART, form="lecture", language="ko"),
        "textbook_ko.py": export.to_script(TEXTBOOK, PART, form="lecture", language="ko"),
        "unusual_en.py": export.to_script(UNUSUAL, PART, form="lecture"),
        "textbook_en.ipynb": export.to_notebook(TEXTBOOK, PART, form="lecture"),
        "unusual_en.ipynb": export.to_notebook(UNUSUAL, PART, form="lecture"),
        "unusual_ko.py": export.to_script(UNUSUAL, PART, form="lecture", language="ko"),
    }
    for name, lecture in run_all(tmp_path, programs).items():
        assert_whole(lecture)
        best = min(lecture["history"]["val_loss"])
        assert_allclose(lecture["validation"][0], best, rtol=1e-3)
        if name != "digits":
            assert lecture["shapes"]["x_train"] == [400, 28, 28, 1]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("dataset", ["fashion_mnist", "mnist"])
def test_without_the_internet_the_lecture_says_what_to_do(
    dataset: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(getattr(keras.datasets, dataset), "load_data", refuse)
    script = export.to_script(
        TEXTBOOK, replace(NOTES, dataset=dataset), form="lecture", language=language
    )
    load = script[script.index("try:") : script.index("(train_input, train_target)")]
    with pytest.raises(SystemExit) as ended:
        exec(load, {"keras": keras})
    sentence = str(ended.value)
    assert "~/.keras/datasets/" in sentence
    assert "DATA_FILE" not in sentence
    assert "  " not in sentence


def test_the_lecture_goes_in_the_order_of_the_notes() -> None:
    script = export.to_script(TEXTBOOK, NOTES, form="lecture")
    steps = [
        "load_data()", ".reshape(-1, 28, 28, 1) / 255.0",
        "x_train, x_val, y_train, y_val = train_test_split(", "stratify=train_target, random_state=42",
        "model.add(layers.Conv2D(32, 3", "model.summary()", "plot_model(model, picture, show_shapes=True",
        "model.compile(", "ModelCheckpoint(", "save_best_only=True", "EarlyStopping(",
        "restore_best_weights=True", "model.fit(", "type(history)", "history.epoch", "history.history",
        '"bo-"', '"ro:"', "model.evaluate(x_train, y_train", "model.evaluate(x_val, y_val",
        "model.predict(x_train[:5]", "argmax(axis=1)", "y_train[:5]", "confusion_matrix(",
        "load_model(", "model.layers", "weights[0].shape", "weights[1].shape", ".mean()", ".std()",
        ".hist(", "conv_weights[:, :, 0, i]", "keras.Input(shape=(784,))", "dense2(hidden)",
        "keras.Model(inputs, outputs)", "keras.Model(model.inputs, model.layers[0].output)",
        "feature_maps[0, :, :, i]", ".bar(CLASS_NAMES, preds[0])",
    ]  # fmt: skip
    place = 0
    for step in steps:
        place = script.index(step, place)


def test_korean_lectures_have_korean_words_and_english_ones_have_none() -> None:
    hangul = re.compile("[가-힣]")
    for language in ("en", "ko"):
        notebook = json.loads(
            export.to_notebook(TEXTBOOK, NOTES, form="lecture", language=language)
        )
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                assert bool(hangul.search("".join(cell["source"]))) == (language == "ko")
