"""A network in a file: saved, read again, damaged, hostile."""

from __future__ import annotations

import random
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from model_samples import SMALL, images, in_threads, same_weights, trained

from cnn_core import texts
from cnn_core.errors import RunError
from cnn_core.model import build, load, restore, save

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_saved_network_comes_back_as_it_was_and_in_float32(precision, tmp_path):
    model, path = trained(precision=precision), tmp_path / "best.keras"
    save(model, path)
    as_it_was, inspected = load(path, SMALL), restore(SMALL, path)
    assert same_weights(model, as_it_was)
    assert same_weights(model, inspected)
    assert np.array_equal(model(images(SMALL)), as_it_was(images(SMALL)))
    assert {layer.compute_dtype for layer in inspected.layers} == {"float32"}
    assert as_it_was.layers[0].compute_dtype == precision


def test_an_optimizer_is_kept_only_when_asked_for(tmp_path):
    model = trained()
    save(model, tmp_path / "best.keras")
    save(model, tmp_path / "last.keras", optimizer=True)
    assert not load(tmp_path / "best.keras").compiled
    resumed = load(tmp_path / "last.keras", SMALL)
    assert int(resumed.optimizer.iterations) == 1
    for model_at_hand in (model, resumed):
        model_at_hand.train_on_batch(images(SMALL), np.arange(5) % 4)
    assert same_weights(model, resumed)
    assert same_weights(restore(SMALL, tmp_path / "last.keras"), load(tmp_path / "last.keras"))
    sizes = [(tmp_path / name).stat().st_size for name in ("best.keras", "last.keras")]
    assert sizes[0] < sizes[1]


def test_saving_does_not_disturb_a_network_in_training(tmp_path):
    model = trained()
    before, optimizer = model.get_weights(), model.optimizer
    save(model, tmp_path / "best.keras")
    assert model.compiled
    assert model.optimizer is optimizer
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("optimizer", [False, True])
def test_a_save_that_dies_midway_leaves_the_old_file(optimizer, tmp_path, monkeypatch):
    path = tmp_path / "best.keras"
    save(build(SMALL, seed=1), path)
    before = path.read_bytes()

    def die_midway(model: keras.Model, path: Path) -> None:
        path.write_bytes(b"half a file")
        raise OSError("No space left on device")

    monkeypatch.setattr(keras.saving, "save_model", die_midway)
    with pytest.raises(OSError, match="No space left"):
        save(trained(), path, optimizer=optimizer)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_finds_half_a_file(tmp_path):
    path, config = tmp_path / "best.keras", replace(SMALL, dense=(300,))
    networks = [build(config, seed=seed) for seed in range(2)]
    save(networks[0], path)
    over = threading.Event()
    failures: list[Exception] = []

    def read(_: int) -> None:
        while not over.is_set():
            try:
                with zipfile.ZipFile(path) as archive:
                    if archive.testzip():
                        failures.append(ValueError("checksum"))
            except Exception as error:
                failures.append(error)

    def write(index: int) -> None:
        if index == 2:
            read(index)
            return
        for _ in range(10):
            save(networks[index], path)
        over.set()

    in_threads(write, 3)
    assert failures == []
    assert any(same_weights(restore(config, path), network) for network in networks)


def broken_files(good: bytes, folder: Path) -> dict[str, Path]:
    """Files that look like a network and are none."""
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 0xFF
    contents = {
        "empty": b"",
        "text": b"a text",
        "cut": good[: len(good) // 2],
        "flipped": bytes(flipped),
    }
    paths = {name: folder / f"{name}.keras" for name in [*contents, "missing", "folder", "bare"]}
    for name, content in contents.items():
        paths[name].write_bytes(content)
    paths["folder"].mkdir()
    with zipfile.ZipFile(paths["bare"], "w") as archive:
        archive.writestr("config.json", "{}")
    return paths


def test_a_damaged_file_is_told_in_both_languages(tmp_path):
    save(build(SMALL, seed=1), tmp_path / "good.keras")
    for name, path in broken_files((tmp_path / "good.keras").read_bytes(), tmp_path).items():
        for read in (load, lambda path: restore(SMALL, path)):
            with pytest.raises(RunError) as caught:
                read(path)
            assert caught.value.key == "model.unreadable", name
            assert all(f"{name}.keras" in caught.value.sentence(it) for it in texts.LANGUAGES)


def test_a_wrong_byte_anywhere_is_noticed_or_harmless(tmp_path):
    config = replace(SMALL, dense=(2048,))
    model, path = build(config, seed=1), tmp_path / "best.keras"
    save(model, path)
    good = path.read_bytes()
    dice = random.Random(0)
    noticed = 0
    for _ in range(40):
        bad = bytearray(good)
        bad[dice.randrange(len(good))] ^= 1 << dice.randrange(8)
        path.write_bytes(bad)
        try:
            restored = restore(config, path)
        except RunError:
            noticed += 1
        else:
            assert same_weights(restored, model)
    assert noticed > 20


@pytest.mark.parametrize(
    "other",
    [
        replace(SMALL, dense=(7,)),
        replace(SMALL, dense=()),
        replace(SMALL, dropout=0),
        replace(SMALL, classes=6, dense=()),
        replace(SMALL, blocks=SMALL.blocks[:1]),
    ],
    ids=["units", "no dense", "no dropout", "dense of the same shape as the output", "blocks"],
)
def test_a_file_of_another_network_is_refused(other, tmp_path):
    path = tmp_path / "best.keras"
    save(build(SMALL), path)
    for read in (lambda: load(path, other), lambda: restore(other, path)):
        with pytest.raises(RunError, match="a different network") as caught:
            read()
        assert caught.value.key == "model.mismatch"


def test_a_file_may_not_bring_its_own_code(tmp_path):
    path = tmp_path / "evil.keras"
    layers = [keras.Input((2,)), keras.layers.Lambda(lambda x: x, name="conv1")]
    keras.Sequential(layers).save(path)
    with pytest.raises(RunError):
        load(path)


def test_a_file_that_unpacks_to_far_more_than_it_is_gets_refused(tmp_path):
    path = tmp_path / "bomb.keras"
    save(build(SMALL), path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assets/zeros", bytes(50_000_000))
    with pytest.raises(RunError):
        load(path)


def test_only_a_keras_file_can_be_written(tmp_path):
    with pytest.raises(ValueError, match="keras"):
        save(build(SMALL), tmp_path / "best.h5")
    assert list(tmp_path.iterdir()) == []
