"""Exported networks, opened as the texts say by programs that know nothing of ConvScope."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from random_networks import Case, cases

from cnn_core import browser, datasets, model, runs, texts
from cnn_core.errors import RunError
from cnn_core.export import onnx_file
from cnn_core.inside import litert

CLOSE = 1e-5
NAMES = [f"class {index}" for index in range(1000)]
ONNX_PROGRAM = "import numpy as np, onnxruntime\n{start}answer = {line}[0]\n"
LITERT_PROGRAM = """
import warnings
warnings.simplefilter("ignore")
import numpy as np, tensorflow as tf
{start}network = {line}
network.allocate_tensors()
answer = []
for image in images:
    network.set_tensor(network.get_input_details()[0]["index"], image[None])
    network.invoke()
    answer += [network.get_tensor(network.get_output_details()[0]["index"])[0]]
"""


def networks() -> list[Case]:
    """Of every activation, padding and pooling, with strides, remainders and uneven sides."""
    return cases(40, seed=14)


def keras_answer(case: Case, images: np.ndarray) -> np.ndarray:
    network = model.build(case.config)
    network.set_weights([array for arrays in case.weights.values() for array in arrays])
    return np.asarray(network(images, training=False))


def onnx_of(case: Case) -> bytes:
    weights = {
        f"{layer}/{name}": array
        for layer, arrays in case.weights.items()
        for name, array in zip(("kernel", "bias"), arrays, strict=True)
    }
    return onnx_file.to_onnx(case.config, weights, NAMES[: case.config.classes])


@pytest.mark.parametrize("case", networks(), ids=lambda case: f"{case.config.input_shape}")
def test_onnx_answers_as_keras_does(case: Case) -> None:
    images = np.stack([case.image, case.image[::-1], 1 - case.image]).astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx_of(case), options)
    (answer,) = session.run(None, {onnx_file.INPUT: images})
    np.testing.assert_allclose(answer, keras_answer(case, images), atol=CLOSE)


def test_the_random_networks_hold_every_kind_of_layer() -> None:
    blocks = [block for case in networks() for block in case.config.blocks]
    for name in ("padding", "activation", "pool"):
        kinds = {getattr(block, name) for block in blocks}
        assert len(kinds) == {"padding": 2, "activation": 7, "pool": 3}[name], name


def test_an_onnx_file_says_what_it_is() -> None:
    case = networks()[0]
    file = onnx.load_from_string(onnx_of(case))
    assert [opset.version for opset in file.opset_import] == [onnx_file.OPSET]
    assert file.producer_name == "ConvScope"
    (classes,) = file.metadata_props
    assert classes.value.split("\n") == NAMES[: case.config.classes]
    shape = [side.dim_value for side in file.graph.input[0].type.tensor_type.shape.dim]
    assert shape[1:] == list(case.config.input_shape)
    for language in texts.LANGUAGES:
        numbers = re.findall(r"\d+", texts.table(language)["take.onnx_help"])
        assert str(onnx_file.OPSET) in numbers


def answer_elsewhere(program: str, line: str, file: Path, images: np.ndarray) -> np.ndarray:
    """Run the line that the texts give in a process of its own."""
    folder = file.parent
    np.save(folder / "images.npy", images)
    start = f"path = {file.name!r}\nimages = np.load('images.npy')\n"
    code = program.format(start=start, line=line) + "np.save('answer.npy', np.array(answer))\n"
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answer: np.ndarray = np.load(folder / "answer.npy")
    return answer


def line_of(kind: str) -> str:
    """The line that opens a file, the same in both languages."""
    helps = {texts.table(language)[f"take.{kind}_help"] for language in texts.LANGUAGES}
    (line,) = {re.findall("`(.+?)`", text)[0] for text in helps}
    return str(line)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return datasets.load("mnist").x_test[:20].astype(np.float32) / np.float32(255)


@pytest.fixture(scope="module")
def opened() -> model.Opened:
    run = runs.open_run("digits")
    return model.opened(run.model, run.folder / "best.keras")


def test_onnx_opens_in_another_process(
    tmp_path: Path, images: np.ndarray, opened: model.Opened
) -> None:
    run = runs.open_run("digits")
    path = tmp_path / "network.onnx"
    path.write_bytes(onnx_file.to_onnx(run.model, browser.best_weights(run), NAMES[:10]))
    line = line_of("onnx")
    answer = answer_elsewhere(ONNX_PROGRAM, line, path, images)
    np.testing.assert_allclose(answer, opened.predict(images), atol=CLOSE)


@pytest.mark.slow
def test_litert_opens_in_another_process(
    tmp_path: Path, images: np.ndarray, opened: model.Opened
) -> None:
    path = tmp_path / "network.tflite"
    path.write_bytes(litert.litert(opened))
    line = line_of("litert")
    answer = answer_elsewhere(LITERT_PROGRAM, line, path, images)
    np.testing.assert_allclose(answer, opened.predict(images), atol=CLOSE)


@pytest.mark.slow
def test_a_litert_file_that_answers_otherwise_is_withheld(opened: model.Opened) -> None:
    lying = replace(opened, predict=lambda images: 1 - opened.predict(images))
    with pytest.raises(RunError) as refused:
        litert.litert(lying)
    assert refused.value.key == "run.export_differs"


def test_no_export_loads_tensorflow_into_the_server() -> None:
    code = (
        "import sys; from cnn_core import browser, runs; from cnn_core.export import onnx_file;"
        "run = runs.open_run('digits');"
        "onnx_file.to_onnx(run.model, browser.best_weights(run), ['x'] * 10);"
        "assert not {'keras', 'tensorflow', 'streamlit'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
