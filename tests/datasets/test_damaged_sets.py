"""A data set with a damaged file is refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
from full_sets import (
    FILES,
    assert_split_as_by_scikit_learn,
    chosen_folder,
    harm,
    refused,
    world,
    write_idx,
    write_npz,
)

from cnn_core.datasets import load, loading
from cnn_core.datasets.sources import ARRAYS
from cnn_core.errors import DataError

__all__ = ["chosen_folder", "world"]  # fixtures


HARMS = {
    "cut": ("x_train", lambda content: content[:-1], "data.damaged"),
    "too_long": ("x_test", lambda content: content + b"\0", "data.damaged"),
    "cut_in_the_header": ("y_train", lambda content: content[:6], "data.damaged"),
    "empty": ("y_train", lambda content: b"", "data.damaged"),
    "wrong_magic": ("x_train", lambda content: b"\0\0\x0d\x03" + content[4:], "data.format"),
    "labels_as_images": ("x_train", lambda content: b"\0\0\x08\x01" + content[4:], "data.format"),
    "another_count": (
        "y_train",
        lambda content: content[:4] + b"\0\0\0\x63" + content[8:-1],
        "data.shape",
    ),
    "another_width": (
        "x_test",
        lambda content: content[:12] + b"\0\0\0\x1d" + content[16:],
        "data.shape",
    ),
    "label_ten": ("y_test", lambda content: content[:-1] + b"\x0a", "data.labels"),
    "swapped_labels": ("y_train", lambda content: content[:8] + content[:7:-1], "data.checksum"),
    "one_other_bit": (
        "x_train",
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        "data.checksum",
    ),
}


@pytest.mark.parametrize("packed", [False, True], ids=["raw", "gz"])
@pytest.mark.parametrize("kind", HARMS)
@pytest.mark.parametrize("place", ["chosen", "keras/datasets/fashion-mnist"])
def test_damaged_file_is_named_and_never_passed_over(
    world, tmp_path, chosen_folder, place, kind, packed
):
    write_idx(tmp_path / "system/fashion-mnist", world["fashion_mnist"])
    name, change, key = HARMS[kind]
    file = harm(world, tmp_path / place, name, change, packed)
    before = file.read_bytes()
    error = refused(key, load, "fashion_mnist", "full", fetch=pytest.fail)
    assert str(file) in str(error)
    assert "sample" in str(error)
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", ARRAYS)
def test_gzip_that_breaks_off_is_refused(world, chosen_folder, name):
    write_idx(chosen_folder, world["mnist"], packed=True)
    file = chosen_folder / f"{FILES[name]}.gz"
    for content in (file.read_bytes()[:-9], b"<html>Please log in</html>", b""):
        file.write_bytes(content)
        assert str(file) in str(refused("data.damaged", load, "mnist", "full"))


def test_training_and_test_labels_in_each_others_place_are_refused(world, chosen_folder):
    write_idx(chosen_folder, world["mnist"])
    train, test = chosen_folder / FILES["y_train"], chosen_folder / FILES["y_test"]
    swapped = test.read_bytes(), train.read_bytes()
    train.write_bytes(swapped[0])
    test.write_bytes(swapped[1])
    refused("data.shape", load, "mnist", "full")


def test_file_of_the_wrong_set_in_a_named_folder_is_refused(world, chosen_folder):
    write_idx(chosen_folder / "mnist", world["fashion_mnist"])
    refused("data.checksum", load, "mnist", "full")


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("cut", "data.damaged"),
        ("page", "data.damaged"),
        ("pickled", "data.damaged"),
        ("no_labels", "data.damaged"),
        ("one_array", "data.damaged"),
        ("floats", "data.shape"),
        ("sample", "data.shape"),
        ("changed", "data.checksum"),
    ],
)
def test_damaged_npz_is_refused(world, chosen_folder, kind, key):
    arrays = dict(world["mnist"])
    file = chosen_folder / "mnist.npz"
    if kind == "pickled":
        arrays["x_train"] = np.array([object()])
    if kind == "no_labels":
        del arrays["y_train"]
    if kind == "floats":
        arrays["x_train"] = arrays["x_train"].astype(np.float32)
    if kind == "changed":
        arrays["x_test"] = arrays["x_test"][::-1]
    write_npz(chosen_folder, arrays)
    if kind == "cut":
        file.write_bytes(file.read_bytes()[:-30])
    if kind == "page":
        file.write_bytes(b"<html>Please log in</html>")
    if kind == "one_array":
        with file.open("wb") as target:
            np.save(target, arrays["x_train"])
    if kind == "sample":
        file.write_bytes((loading.SAMPLES / "mnist.npz").read_bytes())
    assert str(file) in str(refused(key, load, "mnist", "full"))


def test_any_flipped_byte_gives_the_same_data_or_a_clear_sentence(world, chosen_folder):
    good = write_npz(chosen_folder, world["mnist"]) / "mnist.npz"
    content = good.read_bytes()
    random = np.random.default_rng(0)
    refusals = 0
    for place in random.integers(0, len(content), 60):
        broken = bytearray(content)
        broken[place] ^= int(random.integers(1, 256))
        good.write_bytes(broken)
        try:
            assert_split_as_by_scikit_learn(load("mnist", "full"), world["mnist"])
        except DataError:
            refusals += 1
    assert refusals > 50


def test_file_that_may_not_be_read_is_named(world, chosen_folder, monkeypatch):
    write_idx(chosen_folder, world["mnist"])
    opened = Path.open

    def locked(path, *args, **named):
        if path.name == FILES["x_train"]:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **named)

    monkeypatch.setattr(Path, "open", locked)
    assert FILES["x_train"] in str(refused("data.unreadable", load, "mnist", "full"))
