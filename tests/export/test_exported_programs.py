"""Exported scripts and notebooks, executed in a process that has only plain Keras, train as the app does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import pytest
from lengths import LONG
from numpy.testing import assert_allclose, assert_array_equal
from small_trainings import FIGURES, figures

from cnn_core import datasets, export, training
from cnn_core import model as models
from cnn_core.arithmetic import layer_table
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig, TrainConfig
from cnn_core.datasets import loading, sources
from cnn_core.export import files as takeaway

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STRANGER = Path(__file__).parents[1] / "plain_keras.py"
EXACT = [ROOT / "assets" / "scripts" / f"textbook_{form}.py" for form in export.EXACT_FORMS]
SMALL = TrainConfig(train_size=320, epochs=2, precision="float32")
DIGITS = TrainConfig("digits", epochs=2, batch_size=64, precision="float32", train_size=300)
EIGHT = (8, 8, 1)


@dataclass(frozen=True)
class SetUp:
    model: ModelConfig
    train: TrainConfig

    @property
    def data(self) -> str | None:
        """The file that stands in for a download."""
        path = ROOT / "assets" / "data" / f"{self.train.dataset}.npz"
        return str(path) if path.exists() else None


SET_UPS = {
    "textbook": SetUp(TEXTBOOK, SMALL),
    "average_pooling": SetUp(
        ModelConfig(
            blocks=(
                ConvBlock(8, pool="average", activation="tanh"),
                ConvBlock(8, pool="average", pool_size=3),
            )
        ),
        replace(SMALL, dataset="mnist", optimizer="rmsprop"),
    ),
    "valid_padding": SetUp(
        ModelConfig(
            blocks=(ConvBlock(8, 5, padding="valid", pool="none"), ConvBlock(8, padding="valid")),
            dense=(40, 20),
        ),
        replace(SMALL, precision="bfloat16"),
    ),
    "stride_2": SetUp(
        ModelConfig(
            blocks=(
                ConvBlock(8, stride=2, pool="none"),
                ConvBlock(12, stride=2, activation="gelu"),
            ),
            input_shape=EIGHT,
        ),
        replace(DIGITS, optimizer="momentum", learning_rate=0.01, train_size=None),
    ),
    "no_dense": SetUp(
        ModelConfig(
            blocks=(ConvBlock(8, activation="linear"),), dense=(), dropout=0.0, input_shape=EIGHT
        ),
        replace(DIGITS, optimizer="adamw", seed=0, epochs=9, target=0.4, learning_rate=0.02),
    ),
    "augmented": SetUp(
        ModelConfig(blocks=(ConvBlock(8),), dense=(16,), input_shape=EIGHT),
        replace(DIGITS, augmentation="both"),
    ),
    "shifted_and_turned": SetUp(
        ModelConfig(blocks=(ConvBlock(8),), dense=(), input_shape=EIGHT),
        replace(DIGITS, augmentation="geometry", precision="bfloat16", epochs=2),
    ),
    # Its loss rises at the peak, so that the script also has to stop early and go back.
    "one_cycle": SetUp(
        ModelConfig(blocks=(ConvBlock(8),), dense=(16,), input_shape=EIGHT),
        replace(
            DIGITS, epochs=9, batch_size=16, learning_rate=0.3, schedule="one_cycle", patience=1
        ),
    ),
}


if not LONG:  # where most is in them: the notes' network, the other layers, an early stop
    SET_UPS = {name: SET_UPS[name] for name in ("textbook", "valid_padding", "one_cycle")}

# Which programs are executed: both where most is in them, else one or the other.
SCRIPT, NOTEBOOK = "Sequential", "Functional"
PROGRAMS = {
    "textbook": (SCRIPT,),
    "average_pooling": (SCRIPT,),
    "valid_padding": (NOTEBOOK,),
    "stride_2": (SCRIPT,),
    "no_dense": (NOTEBOOK,),
    "augmented": (SCRIPT,),
    "shifted_and_turned": (NOTEBOOK,),
    "one_cycle": (SCRIPT, NOTEBOOK),
}


@dataclass(frozen=True)
class Mine:
    """What the app made of a set-up."""

    result: training.Result
    best: Path
    images: np.ndarray


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Mine]:
    """Every set-up as the app trains it."""
    made = {}
    for name, it in SET_UPS.items():
        folder, data = tmp_path_factory.mktemp(name), datasets.load(it.train.dataset)
        result = training.train(it.model, it.train, data, folder=folder)
        made[name] = Mine(result, folder / "best.keras", data.x_test[:200])
    return made


@pytest.fixture(scope="module")
def strangers(mine: dict[str, Mine], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where another process has executed the programs: sequential scripts, functional notebooks."""
    folder = tmp_path_factory.mktemp("strangers")
    jobs = []
    for name, it in SET_UPS.items():
        if SCRIPT in PROGRAMS[name]:
            script = export.to_script(it.model, it.train)
            (folder / f"{name}_{SCRIPT}.py").write_text(script, encoding="utf-8")
            jobs.append({"program": f"{name}_{SCRIPT}.py", "data": it.data})
        if NOTEBOOK in PROGRAMS[name]:
            notebook = export.to_notebook(it.model, it.train, form="functional", language="ko")
            (folder / f"{name}_{NOTEBOOK}.ipynb").write_text(notebook, encoding="utf-8")
            jobs.append({"program": f"{name}_{NOTEBOOK}.ipynb", "data": it.data})
        content = mine[name].best.read_bytes()
        np.save(folder / f"{name}_images.npy", mine[name].images / np.float32(255))
        for file, network in (
            (f"{name}_as_trained.keras", content),
            (f"{name}_given.keras", takeaway.network_file(content)),
        ):
            (folder / file).write_bytes(network)
            jobs.append({"network": file, "images": f"{name}_images.npy"})
    execute(folder, jobs)
    return folder


def execute(folder: Path, jobs: Sequence[Mapping[str, str | None]]) -> None:
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    command = [sys.executable, "-I", str(STRANGER), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "plain"
    assert "UserWarning" not in done.stderr


def arrays(path: Path) -> list[np.ndarray]:
    with np.load(path) as file:
        return list(file.values())


@pytest.mark.parametrize("name", SET_UPS)
def test_the_programs_give_the_history_of_the_app(
    name: str, mine: dict[str, Mine], strangers: Path
) -> None:
    it, result = SET_UPS[name], mine[name].result
    if name == "one_cycle":
        assert result.ended.reason == "early_stopping"
    if it.train.target:
        assert result.ended.reason == "target"
        assert result.ended.epochs < it.train.epochs
    first = models.build(it.model, seed=it.train.seed)
    rows = [(row.name, row.params) for row in layer_table(it.model)]
    for kind in PROGRAMS[name]:
        program = f"{name}_{kind}"
        said = json.loads((strangers / program / "said.json").read_text("utf-8"))
        assert said["kind"] == kind
        layers = [(layer, count) for layer, of, count in said["layers"] if of != "InputLayer"]
        assert layers == rows
        history = np.array([said["history"][figure] for figure in FIGURES]).T
        assert_allclose(history, figures(result.epochs), atol=2e-4)
        for theirs, ours in zip(
            arrays(strangers / program / "first.npz"), first.get_weights(), strict=True
        ):
            assert_array_equal(theirs, ours)
        for theirs, ours in zip(
            arrays(strangers / program / "last.npz"), result.model.get_weights(), strict=True
        ):
            assert_allclose(theirs, ours, atol=1e-3)
        [saved] = (strangers / program).glob("*.keras")
        assert saved.stem == export.file_stem(it.model, it.train)


@pytest.mark.parametrize("name", SET_UPS)
def test_a_stranger_s_keras_opens_the_network_and_says_what_the_app_says(
    name: str, mine: dict[str, Mine], strangers: Path
) -> None:
    app = models.opened(SET_UPS[name].model, mine[name].best).predict(mine[name].images)
    given = np.load(strangers / f"{name}_given.npy")
    assert_allclose(given, app, atol=1e-5)
    assert (strangers / f"{name}_given.txt").read_text() == "float32"
    as_trained = np.load(strangers / f"{name}_as_trained.npy")
    mixed = SET_UPS[name].train.precision == "bfloat16"
    assert ("bfloat16" in (strangers / f"{name}_as_trained.txt").read_text()) == mixed
    assert_allclose(as_trained, app, atol=0.1 if mixed else 1e-5)


@pytest.mark.long  # the app's own gradient: tests/test_model.py; the line in the program: test_script.py
def test_a_strided_1x1_convolution_learns_in_a_stranger_s_process_too(tmp_path: Path) -> None:
    """oneDNN's gradient of it is wrong; a program that switches oneDNN off needs a process of its own."""
    model = ModelConfig(
        blocks=(ConvBlock(4, 1, 2, pool="none"), ConvBlock(8)), dense=(), input_shape=EIGHT
    )
    (tmp_path / "one.py").write_text(export.to_script(model, DIGITS), encoding="utf-8")
    data = datasets.load("digits")
    (tmp_path / "mine").mkdir()
    result = training.train(model, DIGITS, data, folder=tmp_path / "mine")
    network = {"network": "mine/best.keras", "images": "images.npy"}
    np.save(tmp_path / "images.npy", data.x_test / np.float32(255))
    execute(tmp_path, [{"program": "one.py", "data": None}, network])
    said = json.loads((tmp_path / "one" / "said.json").read_text("utf-8"))
    history = np.array([said["history"][figure] for figure in FIGURES]).T
    assert_allclose(history, figures(result.epochs), atol=2e-4)
    app = models.opened(model, tmp_path / "mine" / "best.keras").predict(data.x_test)
    assert_allclose(np.load(tmp_path / "mine" / "best.npy"), app, atol=1e-5)


def data_part(script: str) -> str:
    """Settings and images of a script, without what follows."""
    return script.partition("def seed_of")[0]


@pytest.mark.skipif(
    not datasets.available("fashion_mnist", "full"), reason="needs the full Fashion-MNIST"
)
@pytest.mark.parametrize(("size", "train_size"), [("sample", None), ("full", 1234)])
def test_the_images_are_those_of_the_app(
    size: str, train_size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = _published()
    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", lambda: published)
    train = replace(SMALL, size=size, train_size=train_size)
    names: dict[str, np.ndarray] = {}
    exec(data_part(export.to_script(TEXTBOOK, train)), names)
    data = datasets.subset(datasets.load("fashion_mnist", size), train_size)
    for part in ("train", "val", "test"):
        assert_array_equal(names[f"y_{part}"], getattr(data, f"y_{part}"))
        images = names[f"x_{part}"]
        assert images.dtype == np.float32
        assert_array_equal(np.rint(images * 255), getattr(data, f"x_{part}"))


def _published() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The full set in its published order, as Keras' own loader gives it."""
    source = datasets.spec("fashion_mnist")
    files = sources.find(source)
    read = {name: loading.read(source, name, path) for name, path in files.items()}
    images = {part: read[f"x_{part}"][..., 0] for part in ("train", "test")}
    return (images["train"], read["y_train"]), (images["test"], read["y_test"])


def built(script: str) -> keras.Model:
    """The network of a script, before its training."""
    settings, _, rest = script.partition("# --- The images")
    network = rest[rest.index("def seed_of") : rest.index("# --- Training")]
    names: dict[str, object] = {}
    exec(settings + network, names)
    model = names["model"]
    assert isinstance(model, keras.Model)
    return model


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("size", ["sample", "full"])
@pytest.mark.parametrize("dataset", ["fashion_mnist", "mnist"])
def test_without_the_internet_a_program_says_what_to_do(
    dataset: str, size: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(getattr(keras.datasets, dataset), "load_data", refuse)
    monkeypatch.delenv("DATA_FILE", raising=False)
    script = export.to_script(
        TEXTBOOK, replace(SMALL, dataset=dataset, size=size), language=language
    )
    with pytest.raises(SystemExit) as ended:
        exec(data_part(script), {})
    sentence = str(ended.value)
    assert "~/.keras/datasets/" in sentence
    assert "DATA_FILE" in sentence
    assert ("download" in sentence) == (language == "en")
    assert "  " not in sentence


def test_running_the_training_cell_again_starts_the_training_over() -> None:
    it = SET_UPS["textbook"]
    model = replace(it.model, blocks=(ConvBlock(4),), dense=(8,), input_shape=EIGHT)
    notebook = json.loads(export.to_notebook(model, replace(DIGITS, epochs=1)))
    cells = ["".join(it["source"]) for it in notebook["cells"] if it["cell_type"] == "code"]
    [training_cell] = [number for number, cell in enumerate(cells) if "model.fit(" in cell]
    names: dict[str, object] = {}
    for cell in cells[: training_cell + 1]:
        exec(cell, names)
    first = names["history"].history
    exec(cells[training_cell], names)
    for name, figures_ in first.items():
        assert_allclose(names["history"].history[name], figures_, atol=1e-5)


@pytest.mark.parametrize("form", export.EXACT_FORMS)
@pytest.mark.parametrize("name", SET_UPS)
def test_both_forms_begin_with_the_network_of_the_app(name: str, form: str) -> None:
    it = SET_UPS[name]
    model = built(export.to_script(it.model, replace(it.train, precision="float32"), form=form))
    mine = models.build(it.model, seed=it.train.seed)
    for theirs, ours in zip(model.get_weights(), mine.get_weights(), strict=True):
        assert_array_equal(theirs, ours)
    images = np.random.default_rng(0).random((3, *it.model.input_shape), np.float32)
    assert_allclose(model(images), mine(images), atol=1e-6)


@pytest.mark.parametrize("path", EXACT, ids=lambda path: path.stem)
def test_the_shipped_programs_build_the_textbook_network(path: Path) -> None:
    model = built(path.read_text("utf-8"))
    assert model.count_params() == 333_526
    assert isinstance(model, keras.Sequential) == (path.stem == "textbook_sequential")
    mine = models.build(TEXTBOOK, seed=42)
    for theirs, ours in zip(model.get_weights(), mine.get_weights(), strict=True):
        assert_array_equal(theirs, ours)
    images = np.random.default_rng(0).random((5, 28, 28, 1), np.float32)
    assert_allclose(model(images), mine(images), atol=1e-6)
