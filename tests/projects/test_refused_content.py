"""A project whose networks, arrays, log or notes are not what they should be is refused in a sentence."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest
from packed import RUN, Files, changed, content, packed, refused, unpacked

from cnn_core import runs
from cnn_core.projects import open_project
from cnn_core.runs import marks

NETWORK = f"{RUN}/best.keras"


def keras_file(change: Callable[[Files], None]) -> bytes:
    """The project with another network file."""

    def rewrite(old: bytes) -> bytes:
        files = unpacked(old)
        change(files)
        return packed(files)

    return changed(NETWORK, rewrite)


def layers(change: Callable[[list[Any]], None]) -> bytes:
    def rewrite(files: Files) -> None:
        tree = json.loads(files["config.json"])
        change(tree["config"]["layers"])
        files["config.json"] = json.dumps(tree).encode()

    return keras_file(rewrite)


LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {
        "name": "conv1",
        "function": {"class_name": "__lambda__", "config": {"code": "4wEA"}},
    },
    "registered_name": None,
}


def test_a_lambda_layer_and_other_code_are_refused():
    def replaced(rows: list[Any]) -> None:
        rows[1] = LAMBDA

    def within(rows: list[Any]) -> None:
        rows[1]["config"]["activation"] = {
            **{"module": "os", "class_name": "function", "config": "system"},
            "registered_name": "function",
        }

    def registered(rows: list[Any]) -> None:
        rows[1]["registered_name"] = "mine>Conv2D"

    for change in (replaced, within, registered, lambda rows: rows.append(LAMBDA)):
        assert refused(layers(change)).key in ("project.layer", "project.weights")


def test_weights_of_another_network_are_refused():
    other = (runs.open_run("fashion").folder / "best.keras").read_bytes()
    assert refused(changed(NETWORK, lambda old: other)).key in ("project.weights", "project.layer")
    assert refused(layers(lambda rows: rows.pop())).key == "project.weights"


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_truncated_weights_are_refused(share):
    cut = changed(NETWORK, lambda old: old[: int(share * len(old))])
    assert refused(cut).key == "project.weights"

    def inside(files: Files) -> None:
        weights = files["model.weights.h5"]
        files["model.weights.h5"] = weights[: int(share * len(weights))]

    assert refused(keras_file(inside)).key == "project.weights"


@pytest.mark.parametrize("kind", ["external file", "external data", "soft link"])
def test_weights_that_lie_elsewhere_are_refused(kind, tmp_path):
    """HDF5 can name other files of the machine; a reader would hand out what is in them."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"\1" * 4096)

    def elsewhere(files: Files) -> None:
        data = io.BytesIO(files["model.weights.h5"])
        with h5py.File(data, "r+") as file:
            kept = file["layers/conv2d/vars"]
            shape = kept["1"].shape
            del kept["1"]
            if kind == "external file":
                kept["1"] = h5py.ExternalLink(str(secret), "/x")
            elif kind == "soft link":
                kept["1"] = h5py.SoftLink("/layers/conv2d/vars/0")
            else:
                kept.create_dataset("1", shape, "f4", external=[(str(secret), 0, 4096)])
        files["model.weights.h5"] = data.getvalue()

    assert refused(keras_file(elsewhere)).key == "project.weights"


def test_weights_that_are_no_numbers_are_refused():
    def not_a_number(files: Files) -> None:
        data = io.BytesIO(files["model.weights.h5"])
        with h5py.File(data, "r+") as file:
            file["layers/conv2d/vars/1"][...] = np.nan
        files["model.weights.h5"] = data.getvalue()

    assert refused(keras_file(not_a_number)).key == "project.weights"


def npz(**arrays: Any) -> bytes:
    data = io.BytesIO()
    np.savez(data, **arrays)
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        npz(images=np.zeros((2, 8, 8, 1)), labels=np.zeros(2, int)),
        npz(images=np.zeros((2, 9, 8, 1), np.uint8), labels=np.zeros(2, int)),
        npz(images=np.zeros((2, 28, 28, 1), np.uint8), labels=np.full(2, 99)),
        npz(images=np.zeros((2, 28, 28, 1), np.uint8), labels=np.zeros(3, int)),
        npz(images=np.array([object()]), labels=np.zeros(1, int)),
    ],
)
def test_examples_that_do_not_fit_are_refused(data):
    assert refused(packed({**unpacked(content()), "digits/examples.npz": data})).key == (
        "project.damaged"
    )


@pytest.mark.parametrize("data", [b"", npz(other=np.zeros(3)), b"PK\3\4"])
def test_kernels_that_do_not_fit_are_refused(data):
    name = next(name for name in unpacked(content()) if "snapshots" in name)
    assert refused(packed({**unpacked(content()), name: data})).key == "project.damaged"


@pytest.mark.parametrize("line", [b"{}", b"\xff", b"[" * 100_000, b'{"kind": "EpochEnd"}'])
def test_a_log_that_is_none_is_refused(line):
    data = changed("digits/events.jsonl", lambda old: old + line + b"\n")
    assert refused(data).key == "project.damaged"


def test_a_note_and_a_name_from_outside_are_short_and_plain():
    files = unpacked(content())
    tree = json.loads(files["digits/config.json"])
    files["digits/config.json"] = json.dumps({**tree, "name": "a\nb\u202e" + "x" * 999}).encode()
    files["digits/marks.json"] = json.dumps({"starred": 1, "note": "n" * 9_999}).encode()
    files["digits/status.json"] = json.dumps({"state": "running", "pid": 1, "since": 1e99}).encode()
    [run] = open_project(packed(files), by="us")
    assert len(run.name) <= 60
    assert run.name.isprintable()
    assert marks.read(run) == marks.Marks(False, "n" * marks.NOTE_LENGTH)
    assert runs.status(run).state == "stopped"
