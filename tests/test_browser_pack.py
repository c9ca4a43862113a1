"""What the browser gets of a run: its best weights, under a name that follows from them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from node import ask, packed

from cnn_core import datasets, model, runs
from cnn_core.browser import best_weights, pack
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.errors import RunError

CONFIG = ModelConfig(
    (ConvBlock(3, 2, 2, "same", "gelu"), ConvBlock(2, pool="average")),
    (4, 5),
    input_shape=(9, 8, 1),
)


def run_of(
    folder: Path, config: ModelConfig, precision: str = "float32", seed: int = 1
) -> runs.Run:
    model.save(model.build(config, precision, seed=seed), folder / "best.keras")
    return runs.Run("x", folder, config, TrainConfig(dataset="digits"), "", "", 0.0)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_weights_are_those_that_keras_loads(tmp_path: Path, precision: str) -> None:
    run = run_of(tmp_path, CONFIG, precision)
    network = model.restore(CONFIG, tmp_path / "best.keras")
    names = [f"{layer.name}/{it.name}" for layer in network.layers for it in layer.weights]
    weights = best_weights(run)
    assert list(weights) == names
    for ours, theirs in zip(weights.values(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["fashion", "digits"])
def test_a_shipped_network_answers_in_javascript_as_in_keras(name: str) -> None:
    run = runs.open_run(name)
    images = datasets.load(run.train.dataset).x_test[:20].astype(np.float32) / np.float32(255)
    file = pack(run).data
    assert len(file) < 4 * best_size(run) + 5_000
    [ours] = ask(
        [{"file": base64.b64encode(file).decode(), "images": [packed(image) for image in images]}]
    )
    network: keras.Model = keras.models.load_model(run.folder / "best.keras", compile=False)
    np.testing.assert_allclose(np.array(ours), network.predict_on_batch(images), atol=1e-5)


def best_size(run: runs.Run) -> int:
    return sum(array.size for array in best_weights(run).values())


def test_the_name_follows_from_network_and_weights(tmp_path: Path) -> None:
    for name in ("one", "same", "other", "wider"):
        (tmp_path / name).mkdir()
    one = pack(run_of(tmp_path / "one", CONFIG))
    assert pack(run_of(tmp_path / "same", CONFIG)) == one
    other = pack(run_of(tmp_path / "other", CONFIG, seed=2))
    wider = pack(
        run_of(tmp_path / "wider", ModelConfig((ConvBlock(2),), (), input_shape=(9, 8, 1)))
    )
    assert len({one.name, other.name, wider.name}) == 3
    assert all(
        set(one.name) <= set("0123456789abcdef") and len(one.name) == 32 for one in (one, other)
    )


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:500])


def spoil(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(200))


def swell(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(3 * 2**20))


def swap(path: Path) -> None:
    model.save(model.build(ModelConfig((ConvBlock(3, 2),), (4, 5), input_shape=(9, 8, 1))), path)


def widen(path: Path) -> None:
    blocks = (ConvBlock(4, 2, 2, "same", "gelu"), ConvBlock(2, pool="average"))
    model.save(model.build(ModelConfig(blocks, (4, 5), input_shape=(9, 8, 1))), path)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (Path.unlink, "missing or damaged"),
        (truncate, "missing or damaged"),
        (spoil, "missing or damaged"),
        (swell, "holds a different network"),
        (swap, "holds a different network"),
        (widen, "holds a different network"),
    ],
)
def test_a_file_that_cannot_be_packed_is_one_sentence(
    harm: Callable[[Path], None], sentence: str, tmp_path: Path
) -> None:
    run = run_of(tmp_path, CONFIG)
    harm(tmp_path / "best.keras")
    with pytest.raises(RunError, match=sentence):
        pack(run)


def test_packing_loads_no_keras() -> None:
    code = (
        "import json, sys; from cnn_core import browser, runs;"
        "early = 'h5py' in sys.modules; browser.pack(runs.open_run('digits'));"
        "print(json.dumps([early, sorted({'keras', 'tensorflow', 'h5py'} & set(sys.modules))]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [False, ["h5py"]]
