"""Networks that ConvScope writes, opened by older versions of plain Keras."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from lengths import at_length
from numpy.testing import assert_allclose

from cnn_core import keras_file, runs, texts
from cnn_core import model as models
from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.export import files

ROOT = Path(__file__).parent.parent
OLD = (f"{keras_file.OLDEST_KERAS}.0", at_length("3.10.0"))
NETWORKS = {
    "plain": ModelConfig(blocks=(ConvBlock(4),), dense=(8,), input_shape=(8, 8, 1)),
    "rich": ModelConfig(
        blocks=(
            ConvBlock(4, 5, padding="valid", pool="average", activation="gelu"),
            ConvBlock(4, stride=2, pool="none", activation="tanh"),
        ),
        dense=(),
        input_shape=(12, 12, 3),
        classes=4,
    ),
}
OPEN = """
import sys
import keras
import numpy as np

for file in sys.argv[1:]:
    network = keras.saving.load_model(file + ".keras")
    np.save(file + "_theirs.npy", network(np.load(file + "_images.npy"), training=False))
print(keras.__version__)
"""


def packed(config: dict[str, object]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"weights")
    return file.getvalue()


def test_only_newer_arguments_that_say_nothing_are_left_out() -> None:
    layer = {
        "ragged": False,
        "optional": True,
        "quantization_config": None,
        "bias": None,
        "x": False,
    }
    content = keras_file.portable(packed({"layers": [layer]}))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        config = json.loads(archive.read("config.json"))
        assert archive.read("model.weights.h5") == b"weights"
    assert config == {"layers": [{"optional": True, "bias": None, "x": False}]}
    assert keras_file.portable(content) == content


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_page_and_the_readme_say_which_versions_open_a_file(language: str) -> None:
    assert f"Keras {keras_file.OLDEST_KERAS}" in texts.say(language, "take.model_help")
    assert f"Keras {keras_file.OLDEST_KERAS}" in (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module", params=OLD)
def old_keras(request: pytest.FixtureRequest) -> Path:
    """A folder with that version of Keras alone; installed once, and then kept in build/."""
    folder = ROOT / "build" / f"keras-{request.param}"
    if not (folder / "keras").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wanted = ["--no-deps", "--no-compile", "--target", str(folder), f"keras=={request.param}"]
        done = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"Keras {request.param} could not be installed: no package index answers.")
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    """A folder of networks and images, and what ConvScope answers for each."""
    folder = tmp_path_factory.mktemp("written")
    expected: dict[str, np.ndarray] = {}
    for name, config in NETWORKS.items():
        images = np.random.default_rng(0).integers(0, 256, (5, *config.input_shape), np.uint8)
        for precision in ("float32", "bfloat16"):
            file = folder / f"{name}_{precision}.keras"
            models.save(models.build(config, precision, seed=1), file)
            given = file.with_name(f"{name}_{precision}_given.keras")
            given.write_bytes(files.network_file(file.read_bytes()))
            for path in (file, given):
                expected[path.stem] = models.opened(config, path).predict(images)
                np.save(folder / f"{path.stem}_images.npy", images / np.float32(255))
    shipped = runs.open_run("digits")
    given = folder / "shipped.keras"
    given.write_bytes(files.network_file((shipped.folder / "best.keras").read_bytes()))
    images = np.zeros((2, *shipped.model.input_shape), np.uint8)
    expected["shipped"] = models.opened(shipped.model, given).predict(images)
    np.save(folder / "shipped_images.npy", images / np.float32(255))
    return folder, expected


@pytest.mark.slow
def test_older_keras_opens_what_is_written_and_says_the_same(
    old_keras: Path, written: tuple[Path, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    """On TensorFlow: Keras' NumPy backend cannot calculate a convolution without JAX."""
    folder, expected = written
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", OPEN, *expected],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(old_keras), "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == old_keras.name.removeprefix("keras-")
    for name, ours in expected.items():
        tolerance = 0.05 if name.endswith("bfloat16") else 1e-5
        assert_allclose(np.load(tmp_path / f"{name}_theirs.npy"), ours, atol=tolerance)
