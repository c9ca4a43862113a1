"""The data sets, mostly against a miniature world of real IDX files; nothing here leaves the machine."""

import ast
import hashlib
import pickle
import subprocess
import sys

import numpy as np
import pytest
from full_sets import PARTS, refused, world
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from cnn_core import texts
from cnn_core.datasets import DATASETS, available, load, loading, spec, subset
from cnn_core.errors import ConfigError

__all__ = ["world"]  # a fixture


# --- what every data set promises -------------------------------------------------------------


@pytest.mark.parametrize("name", DATASETS)
def test_every_sample_keeps_its_promises(name):
    data, source = load(name), spec(name)
    assert (data.name, data.size, data.class_names) == (name, "sample", source.class_names)
    for part in PARTS:
        images, labels = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        count = getattr(source.counts["sample"], part)
        assert images.shape == (count, *source.input_shape)
        assert (images.dtype, labels.dtype, labels.shape) == (np.uint8, np.int64, (count,))
        assert (images.min(), images.max()) == (0, 255)
        assert set(labels) == set(range(len(source.class_names)))
        assert not images.flags.writeable


@pytest.mark.parametrize("name", DATASETS)
def test_no_image_of_a_sample_is_in_two_parts(name):
    data = load(name)
    parts = [{image.tobytes() for image in getattr(data, f"x_{part}")} for part in PARTS]
    total = sum(spec(name).counts["sample"])
    if name != "digits":
        assert sum(map(len, parts)) == total
    assert parts[0].isdisjoint(parts[1])
    assert parts[0].isdisjoint(parts[2])
    assert parts[1].isdisjoint(parts[2])


# How often each digit was written, published with MNIST and with scikit-learn's digits.
CLASS_COUNTS = {
    "fashion_mnist": ([6000] * 10, [1000] * 10),
    "mnist": (
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    ),
    "digits": ([178, 182, 177, 183, 181, 182, 181, 179, 174, 180],) * 2,
}


@pytest.mark.parametrize("name", DATASETS)
def test_every_part_of_a_sample_is_stratified(name):
    data = load(name)
    published = dict(zip(PARTS, (CLASS_COUNTS[name][0], *CLASS_COUNTS[name]), strict=True))
    for part in PARTS:
        labels = getattr(data, f"y_{part}")
        expected = np.array(published[part]) * len(labels) / sum(published[part])
        assert np.abs(np.bincount(labels) - expected).max() < 1.5


def test_counts_are_known_without_loading():
    assert spec("fashion_mnist").counts["full"] == (48_000, 12_000, 10_000)
    assert spec("mnist").counts["sample"] == (8_000, 2_000, 2_000)
    assert sum(spec("digits").counts["full"]) == 1_797
    assert spec("fashion_mnist").download_bytes == 30_878_645


def test_sources_are_hashable_and_data_survives_pickling():
    assert len({spec(name) for name in DATASETS}) == 3
    data = load("digits")
    again = pickle.loads(pickle.dumps(data))
    np.testing.assert_array_equal(again.x_val, data.x_val)


def test_english_class_names_are_those_of_the_text_table():
    for label, name in enumerate(spec("fashion_mnist").class_names):
        assert texts.say("en", f"dataset.fashion_mnist.class_{label}") == name
    for name in DATASETS:
        for language in texts.LANGUAGES:
            assert texts.say(language, f"dataset.{name}.label")
            assert texts.say(language, f"dataset.{name}.about")


def test_digits_are_those_of_scikit_learn_on_another_scale():
    data = load("digits", "full")
    bunch = load_digits()
    scaled = np.round(bunch.images / 16 * 255).astype(np.uint8)[..., None]
    x_rest, x_test, y_rest, y_test = train_test_split(
        scaled, bunch.target, test_size=0.2, random_state=42, stratify=bunch.target
    )
    x_train, x_val, y_train, y_val = train_test_split(
        x_rest, y_rest, test_size=0.2, random_state=42, stratify=y_rest
    )
    for part, images, labels in (
        ("train", x_train, y_train),
        ("val", x_val, y_val),
        ("test", x_test, y_test),
    ):
        np.testing.assert_array_equal(getattr(data, f"x_{part}"), images)
        np.testing.assert_array_equal(getattr(data, f"y_{part}"), labels)
    assert load("digits", "sample").x_train.tobytes() == data.x_train.tobytes()
    assert available("digits", "full")


def test_unknown_name_and_size_are_refused():
    error = refused("data.unknown", load, "cifar10")
    assert "fashion_mnist, mnist, digits" in str(error)
    refused("data.unknown", available, "../mnist")
    for call in (load, available):
        with pytest.raises(ConfigError, match="size='huge'"):
            call("mnist", "huge")


# --- the bundled files --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fashion_mnist", "mnist"])
def test_bundled_file_has_the_checksum_that_is_written_down(name):
    file = loading.SAMPLES / f"{name}.npz"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert digest == spec(name).sample_sha256
    assert f"{digest}  {name}.npz" in (loading.SAMPLES / "SHA256SUMS").read_text()
    assert digest in (loading.SAMPLES / "README.md").read_text()


def test_bundled_files_stay_below_ten_megabytes():
    assert sum(file.stat().st_size for file in loading.SAMPLES.glob("*.npz")) < 10_000_000


@pytest.mark.parametrize("harm", ["missing", "cut", "flipped"])
def test_damaged_sample_is_refused(harm, tmp_path, monkeypatch):
    content = bytearray((loading.SAMPLES / "mnist.npz").read_bytes())
    if harm == "flipped":
        content[len(content) // 2] ^= 1
    if harm != "missing":
        (tmp_path / "mnist.npz").write_bytes(content[: -1 if harm == "cut" else None])
    monkeypatch.setattr(loading, "SAMPLES", tmp_path)
    assert "mnist.npz" in str(refused("data.sample", load, "mnist"))
    assert available("mnist") is (harm != "missing")


# --- subset ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("train_size", [10, 37, 1000, 1140, 1148])
def test_subset_has_the_size_asked_for_and_the_classes_of_the_whole(train_size):
    data = load("digits")
    part = subset(data, train_size)
    assert (len(part.x_train), len(part.y_train)) == (train_size, train_size)
    expected = np.bincount(data.y_train) * train_size / len(data.y_train)
    assert np.abs(np.bincount(part.y_train, minlength=10) - expected).max() < 1
    for name in ("x_val", "y_val", "x_test", "y_test", "class_names", "source"):
        assert getattr(part, name) is getattr(data, name)


def test_subset_takes_no_image_twice_and_keeps_labels_with_images():
    data = load("mnist")
    part = subset(data, 500)
    label_of = {
        image.tobytes(): label for image, label in zip(data.x_train, data.y_train, strict=True)
    }
    assert len({image.tobytes() for image in part.x_train}) == 500
    assert [label_of[image.tobytes()] for image in part.x_train] == part.y_train.tolist()


def test_subset_depends_on_the_seed_alone():
    data = load("digits")
    first, again, other = subset(data, 200), subset(data, 200), subset(data, 200, seed=7)
    assert first.x_train.tobytes() == again.x_train.tobytes() != other.x_train.tobytes()


@pytest.mark.parametrize("train_size", [None, 1149, 9999])
def test_subset_of_everything_is_the_same_object(train_size):
    data = load("digits")
    assert subset(data, train_size) is data


@pytest.mark.parametrize("train_size", [9, 0, -5])
def test_subset_below_one_image_a_class_is_refused(train_size):
    with pytest.raises(ConfigError, match=f"train_size={train_size}"):
        subset(load("digits"), train_size)


# --- cost -----------------------------------------------------------------------------------------


def test_samples_load_without_scikit_learn_keras_or_streamlit():
    program = (
        "import sys; from cnn_core import datasets; datasets.load('fashion_mnist');"
        "datasets.load('mnist'); datasets.available('mnist', 'full');"
        "print({'sklearn', 'keras', 'tensorflow', 'streamlit', 'scipy'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        cwd=loading.SAMPLES.parent.parent,
    )  # fmt: skip
    assert ast.literal_eval(ran.stdout.replace("set()", "[]")) == []
