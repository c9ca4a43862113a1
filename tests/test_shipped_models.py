"""The networks that come with ConvScope: what their card says is true, and nobody can change them."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import keras
import numpy as np
import pytest
from lengths import repeats

from cnn_core import datasets, model, runs
from cnn_core.arithmetic import layer_table
from cnn_core.engine import looks, trainer
from cnn_core.errors import CnnError, RunError
from cnn_core.labs.changes import apply
from cnn_core.progress.events import BatchEnd, EpochEnd, LayerFigures, LayersMeasured
from cnn_core.runs import control, store
from cnn_core.runs import log as run_log

MODELS = Path(__file__).parent.parent / "assets" / "models"
MEGABYTES = 3
ON_THE_SAMPLE = {"fashion": 0.905, "digits": 0.99, "fashion_augmented": 0.88}
ON_ALL = {"fashion": 0.915, "digits": 0.993, "fashion_augmented": 0.89}

every_model = pytest.mark.parametrize("name", runs.BUNDLED)


def accuracy(network: keras.Sequential, images: np.ndarray, labels: np.ndarray) -> float:
    return float((model.predictor(network)(images).argmax(axis=1) == labels).mean())


def restored(name: str) -> keras.Sequential:
    run = runs.open_run(name)
    return model.restore(run.model, run.folder / "best.keras")


def fingerprints(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def card(name: str) -> dict[str, float]:
    """Accuracies that the model card prints, by part."""
    lines = (MODELS / "README.md").read_text("utf-8").splitlines()
    row = next(line for line in lines if line.startswith(f"| `{name}` |"))
    figures = [float(text) for text in re.findall(r"\b0\.\d{4}\b", row)]
    return dict(zip(("train", "val", "test"), figures, strict=True))


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Imports a file of assets/models."""
    monkeypatch.syspath_prepend(str(MODELS))
    return importlib.import_module


def test_there_are_two_and_they_are_not_in_the_list_of_runs() -> None:
    assert [run.id for run in runs.shipped_runs()] == ["fashion", "digits"]
    assert all(run.shipped for run in runs.shipped_runs())
    assert runs.all_runs() == []


def test_one_of_them_has_a_twin_that_learned_from_changed_images() -> None:
    fashion, digits = runs.shipped_runs()
    twin = runs.augmented(fashion)
    assert twin is not None
    assert twin.shipped
    assert (twin.model, twin.train.dataset) == (fashion.model, fashion.train.dataset)
    assert (twin.train.size, twin.train.seed) == (fashion.train.size, fashion.train.seed)
    assert runs.augmented(digits) is None
    assert runs.augmented(twin) is None


def test_changed_clothes_are_read_far_better_by_the_twin_that_learned_from_such() -> None:
    data = datasets.load("fashion_mnist", "sample")
    images, labels = data.x_test[:300], data.y_test[:300]
    for change, gain in (({"rotate": 30}, 0.2), ({"right": 4}, 0.2), ({"zoom": 130}, 0.03)):
        changed = np.stack([apply(image, change) for image in images])
        plain, augmented = (
            accuracy(restored(name), changed, labels) for name in ("fashion", "fashion_augmented")
        )
        assert augmented > plain + gain, change


@every_model
def test_it_reads_the_test_images_of_the_sample(name: str) -> None:
    run = runs.open_run(name)
    sample = datasets.load(run.train.dataset, "sample")
    assert accuracy(restored(name), sample.x_test, sample.y_test) >= ON_THE_SAMPLE[name]


@pytest.mark.slow
@every_model
def test_it_reads_all_images_as_well_as_its_card_and_its_last_word_say(name: str) -> None:
    run = runs.open_run(name)
    if not datasets.available(run.train.dataset, "full"):
        pytest.skip(f"the full {run.train.dataset} set is not on this machine")
    data, network = datasets.load(run.train.dataset, "full"), restored(name)
    ended = run_log.history(run).ended
    assert ended is not None
    for part in repeats(("test",), ("train", "val", "test")):
        images, labels = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        measured = accuracy(network, images, labels)
        assert card(name)[part] == pytest.approx(measured, abs=0.00011)
        assert ended.scores[part].accuracy == pytest.approx(measured, abs=0.00011)
        if part == "test":
            assert measured >= ON_ALL[name]


@every_model
def test_the_card_says_what_the_run_said_last(name: str) -> None:
    ended = run_log.history(runs.open_run(name)).ended
    assert ended is not None
    assert card(name) == {part: round(score.accuracy, 4) for part, score in ended.scores.items()}
    assert card(name)["test"] >= ON_ALL[name]


@every_model
def test_the_card_names_the_versions_and_seeds_of_the_run(name: str) -> None:
    config = json.loads((MODELS / name / "config.json").read_text("utf-8"))
    text = (MODELS / "README.md").read_text("utf-8")
    section = text.partition(f"## `{name}`")[2].partition("\n## ")[0]
    for package, version in config["versions"].items():
        assert f"{package} {version}" in section.lower()
    assert f"seed {config['train']['seed']}" in section
    assert f"{config['train']['epochs']} epochs" in section


@every_model
def test_it_was_made_by_the_recipe_that_stands_in_the_build_script(
    name: str, scripts: Callable[[str], ModuleType]
) -> None:
    recipe, run = scripts("build").RECIPES[name], runs.open_run(name)
    config = json.loads((MODELS / name / "config.json").read_text("utf-8"))
    assert (recipe.model, recipe.train) == (run.model, run.train)
    assert (recipe.copies, recipe.seed) == (config["copies"], config["copies_seed"])
    assert recipe.refined == config.get("refined", False)


def test_ones_of_continental_europe_are_no_sevens_to_the_digits(
    scripts: Callable[[str], ModuleType],
) -> None:
    drawings = scripts("ones").ones(120, seed=4711)
    said = model.predictor(restored("digits"))(drawings).argmax(axis=1)
    assert (said == 1).mean() >= 0.9
    sample = datasets.load("mnist", "sample")
    sevens = sample.x_test[sample.y_test == 7]
    assert accuracy(restored("digits"), sevens, np.full(len(sevens), 7)) >= 0.98


@every_model
def test_its_folder_is_small(name: str) -> None:
    size = sum(path.stat().st_size for path in (MODELS / name).rglob("*") if path.is_file())
    assert size < MEGABYTES * 1_000_000


@every_model
def test_the_file_holds_no_optimizer(name: str) -> None:
    network = model.load(MODELS / name / "best.keras", runs.open_run(name).model)
    assert not network.compiled
    weights = sum(weight.size for weight in network.get_weights())
    assert (MODELS / name / "best.keras").stat().st_size < 4 * weights + 60_000


@every_model
def test_its_history_is_that_of_a_whole_training(name: str) -> None:
    run = runs.open_run(name)
    history = run_log.history(run)
    assert runs.status(run).state == "finished"
    assert history.ended is not None
    assert history.ended.reason == "finished"
    assert [end.epoch for end in history.epochs] == list(range(1, run.train.epochs + 1))
    assert all(end.complete for end in history.epochs)
    assert history.best is not None
    assert history.ended.best_epoch == history.best.epoch
    assert len(history.batches) > 10 * run.train.epochs
    assert all(isinstance(end, BatchEnd) for end in history.batches)


@every_model
def test_every_epoch_left_a_snapshot_and_the_best_one_is_the_network(name: str) -> None:
    run = runs.open_run(name)
    files = sorted(path.name for path in (run.folder / "snapshots").iterdir())
    assert files == [f"epoch-{epoch:03d}.npz" for epoch in range(run.train.epochs + 1)]
    best = run_log.history(run).best
    assert best is not None
    network = restored(name)
    with np.load(run.folder / "snapshots" / f"epoch-{best.epoch:03d}.npz") as arrays:
        assert len(arrays) == 2 * len(run.model.blocks)
        for key, values in arrays.items():
            layer, kind = key.split("/")
            kernel, bias = network.get_layer(layer).get_weights()
            assert np.array_equal(values, kernel if kind == "kernel" else bias)


@every_model
def test_the_first_snapshot_is_the_untrained_network_of_its_seed(name: str) -> None:
    run = runs.open_run(name)
    untrained = model.build(run.model, seed=run.train.seed)
    with np.load(run.folder / "snapshots" / "epoch-000.npz") as arrays:
        kernel, bias = untrained.get_layer("conv1").get_weights()
        np.testing.assert_allclose(arrays["conv1/kernel"], kernel, atol=1e-6)
        assert np.array_equal(arrays["conv1/bias"], bias)


@every_model
def test_its_examples_are_answered_as_its_last_word_says(name: str) -> None:
    run = runs.open_run(name)
    kept, ended = runs.examples(run), run_log.history(run).ended
    assert kept is not None
    assert ended is not None
    images, labels = kept
    assert (images.dtype, len(images)) == (np.uint8, len(labels))
    answers = model.predictor(restored(name))(images)
    np.testing.assert_allclose(answers, ended.samples, atol=1e-4)


@every_model
def test_its_layers_were_measured_again_and_again_in_every_epoch(name: str) -> None:
    run = runs.open_run(name)
    measured = run_log.history(run).layers
    counts = Counter(event.epoch for event in measured)
    assert min(counts.values()) >= 5
    assert {event.epoch for event in measured} == set(range(1, run.train.epochs + 1))
    places = [(event.epoch, event.batch) for event in measured]
    assert places == sorted(places)
    for event in measured:
        assert set(event.layers) == {row.name for row in layer_table(run.model) if row.params}
        figures = np.array([(it.gradient, it.update) for it in event.layers.values()])
        assert np.isfinite(figures).all()
        assert (figures > 0).all()
        assert all(0 <= it.zeros <= 1 for it in event.layers.values())


def test_measurements_come_before_the_reports_of_their_batch_and_replace_older_ones(
    scripts: Callable[[str], ModuleType],
) -> None:
    layers = scripts("layers")

    def measured(epoch: int, batch: int, gradient: float = 1.0) -> LayersMeasured:
        return LayersMeasured(epoch, batch, 0.1, {"conv1": LayerFigures(gradient, 1e-3, 0.5, 0.0)})

    def report(epoch: int, batch: int) -> BatchEnd:
        return BatchEnd(epoch, batch, 40, 1.0, 0.5, 1e-3, 400.0)

    end = EpochEnd(1, 1.0, 0.5, 1.0, 0.5, 1e-3, 9.0, best=True, complete=True)
    kept = [report(1, 20), measured(1, 25, 7.0), report(1, 40), end, report(2, 20), report(2, 40)]
    fresh = [measured(1, 20), measured(1, 21), measured(2, 3), measured(2, 40)]
    assert layers.merged(kept, fresh) == [
        fresh[0], report(1, 20), fresh[1], report(1, 40), end,
        fresh[2], report(2, 20), fresh[3], report(2, 40),
    ]  # fmt: skip
    many = [measured(epoch, batch) for epoch in (1, 2) for batch in range(1, 40)]
    few = layers.thinned(many, 5)
    assert [(event.epoch, event.batch) for event in few[:5]] == [
        (1, 1), (1, 11), (1, 20), (1, 29), (1, 39),
    ]  # fmt: skip
    assert len(few) == 10
    assert layers.thinned(many[:3], 5) == many[:3]


def test_other_weights_are_told_from_the_same_ones(
    tmp_path: Path, scripts: Callable[[str], ModuleType]
) -> None:
    layers, again = scripts("layers"), tmp_path / "again"
    shutil.copytree(MODELS / "fashion", again)
    assert layers.different(MODELS / "fashion", again) == []
    snapshot = again / "snapshots" / "epoch-004.npz"
    arrays = layers.weights(snapshot)
    arrays["conv1/bias"] = np.nextafter(arrays["conv1/bias"], np.float32(1))
    np.savez(snapshot, allow_pickle=False, **arrays)
    shutil.copy(MODELS / "fashion_augmented" / "best.keras", again / "best.keras")
    assert layers.different(MODELS / "fashion", again) == [
        "best.keras", "snapshots/epoch-004.npz",
    ]  # fmt: skip


CHANGES: dict[str, Callable[[runs.Run], object]] = {
    "delete": lambda run: runs.delete(run, by=run.owner),
    "rename": lambda run: runs.rename(run, "mine", by=run.owner),
    "pause": lambda run: control.ask(run, by=run.owner, paused=True),
    "step": lambda run: control.ask_for_step(run, by=run.owner),
    "status": lambda run: runs.write_status(run, "running"),
    "life": runs.show_life,
    "events": run_log.EventWriter,
    "examples": lambda run: runs.write_examples(
        run, np.zeros((1, 28, 28, 1), np.uint8), np.zeros(1, np.int64)
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@every_model
def test_nobody_can_change_it(name: str, change: str) -> None:
    before = fingerprints(MODELS / name)
    with pytest.raises(RunError, match="comes with ConvScope"):
        CHANGES[change](runs.open_run(name))
    assert fingerprints(MODELS / name) == before


@every_model
def test_training_it_again_does_nothing(name: str) -> None:
    before = fingerprints(MODELS / name)
    trainer.train_run(name)
    assert fingerprints(MODELS / name) == before


@every_model
def test_reading_it_leaves_no_trace(name: str) -> None:
    before = fingerprints(MODELS / name)
    run = runs.open_run(name)
    runs.status(run), run_log.history(run), runs.examples(run), control.read_control(run)
    images = np.zeros((1, 28, 28, 1), np.uint8)
    answer = looks.look("predict", name, (images,))
    assert answer.shape == (1, 10)
    assert fingerprints(MODELS / name) == before


@pytest.mark.parametrize("run_id", ["Fashion", "fashion/", "../models/fashion", "shirts", ""])
def test_only_their_own_names_open_them(run_id: str) -> None:
    with pytest.raises(RunError):
        runs.open_run(run_id)


def test_a_damaged_one_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MODELS", tmp_path)
    assert runs.shipped_runs() == []
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "config.json").write_text("{")
    assert runs.shipped_runs() == []
    with pytest.raises(CnnError, match="digits"):
        runs.open_run("digits")
