"""The loss landscape of a run, as a worker answers it: paths of all weights, of convolutions, or none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA
from worker_runs import MODEL, TRAIN, _no_open_models

from cnn_core import model as models
from cnn_core import runs
from cnn_core.analysis import landscape
from cnn_core.config import ConvBlock
from cnn_core.engine import landscape as looks
from cnn_core.engine.landscape import Question
from cnn_core.errors import RunError
from cnn_core.inside import answers
from cnn_core.runs import snapshots
from cnn_core.training import checkpoints

pytestmark = pytest.mark.slow

__all__ = ["_no_open_models"]  # a fixture
EPOCHS, KEPT = 5, 3
SMALL = {"grid": 15, "images": 250}


def made(seed: int = 1, epochs: int = EPOCHS, model=MODEL, **settings) -> runs.Run:
    """A run whose weights went a known way; the weights of epoch `KEPT` are its best."""
    run = runs.create(model, replace(TRAIN, **settings))
    network = models.build(model, seed=seed)
    random = np.random.default_rng(seed)
    for epoch in range(epochs):
        checkpoints.save_snapshot(network, run.folder, epoch)
        if epoch <= KEPT:
            models.save(network, run.folder / "best.keras")
        network.set_weights(
            [w + 0.1 * random.standard_normal(w.shape) for w in network.get_weights()]
        )
    return run


def opened(run: runs.Run) -> models.Opened:
    return models.opened(run.model, run.folder / "best.keras")


def vectors(run: runs.Run, *, whole: bool = True) -> np.ndarray:
    names = sorted(snapshots.names(run.model, whole=whole))
    return np.stack(
        [
            landscape.flat(snapshots.read(run, epoch, whole=whole), names)
            for epoch in snapshots.epochs(run)
        ]
    )


def test_the_path_of_all_weights_is_that_of_scikit_learn_and_the_centre_is_the_kept_network():
    run = made()
    network = opened(run)
    question = Question(run.id, **SMALL)
    found = looks.plane(network, question)
    path = vectors(run)
    pca = PCA(2, svd_solver="full").fit(path.astype(np.float64))
    wanted = pca.transform(path) - pca.transform(path[KEPT : KEPT + 1])
    points = found["paths"][0]["points"]
    assert_allclose(np.abs(points), np.abs(wanted), atol=2e-2)  # dense layers are kept in float16
    assert_allclose(points[KEPT], 0, atol=1e-2)
    assert_allclose(found["share"], pca.explained_variance_ratio_, rtol=1e-2)
    assert found["kind"] == "path"
    assert found["parameters"] == network.model.count_params()
    assert found["paths"][0]["epochs"].tolist() == list(range(EPOCHS))
    centre = np.abs(found["y"]).argmin() * 15 + np.abs(found["x"]).argmin()
    loss = looks.losses(network, question, int(centre), 1)
    data = answers.data_of(run.train)
    assert loss[0] == pytest.approx(
        evaluated(network, data.x_val[:250], data.y_val[:250]), rel=1e-4
    )


def evaluated(network: models.Opened, images: np.ndarray, labels: np.ndarray) -> float:
    network.model.compile(loss="sparse_categorical_crossentropy")
    scaled = images.astype(np.float32) / np.float32(255)
    return float(network.model.evaluate(scaled, labels, verbose=0))


def test_the_pieces_are_the_whole_and_the_last_one_is_shorter():
    run = made()
    network = opened(run)
    question = Question(run.id, part="train", **SMALL)
    whole = looks.losses(network, question, 0, 225)
    assert whole.shape == (225,)
    pieces = [looks.losses(network, question, first, 100) for first in (0, 100, 200)]
    assert [len(piece) for piece in pieces] == [100, 100, 25]
    assert_allclose(np.concatenate(pieces), whole, rtol=1e-6)


def test_a_run_that_kept_only_its_convolutions_has_their_path():
    run = made()
    for path in (run.folder / "snapshots").iterdir():
        with np.load(path) as arrays:
            kept = {name: array for name, array in arrays.items() if name.startswith("conv")}
        np.savez(path, **kept)
    assert snapshots.whole_epochs(run) == ()
    found = looks.plane(opened(run), Question(run.id))
    assert (found["kind"], found["parameters"]) == ("path", 40)
    assert len(found["paths"][0]["epochs"]) == EPOCHS


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_path_of_too_few_epochs_leaves_random_directions(epochs):
    run = made(epochs=epochs)
    found = looks.plane(opened(run), Question(run.id))
    assert found["kind"] == "random"
    assert found["paths"] == []
    assert_allclose(found["x"][[0, 12, -1]], [-1, 0, 1], atol=1e-6)
    assert_allclose(found["y"][[0, 12, -1]], [-1, 0, 1], atol=1e-6)


def test_epochs_that_diverged_are_left_out_of_the_path():
    run = made()
    network = models.build(MODEL, seed=0)
    network.set_weights([w * np.float32(np.nan) for w in network.get_weights()])
    checkpoints.save_snapshot(network, run.folder, EPOCHS)
    found = looks.plane(opened(run), Question(run.id))
    assert found["paths"][0]["epochs"].tolist() == list(range(EPOCHS))
    assert np.isfinite(found["share"]).all()


def test_two_runs_share_one_plane_and_another_architecture_is_a_sentence():
    run, other = made(), made(seed=2)
    found = looks.plane(opened(run), Question(run.id, other.id))
    first, second = found["paths"]
    assert_allclose(first["points"][KEPT], 0, atol=1e-2)
    both = np.concatenate([vectors(run), vectors(other)]).astype(np.float64)
    wanted = PCA(2, svd_solver="full").fit(both).explained_variance_ratio_
    assert_allclose(found["share"], wanted, rtol=1e-2)
    gap = np.linalg.norm(vectors(other)[0] - vectors(run)[KEPT])
    assert 0 < np.linalg.norm(second["points"][0]) <= gap * 1.01
    wider = made(model=replace(MODEL, blocks=(ConvBlock(5),)))
    with pytest.raises(RunError, match="another architecture"):
        looks.plane(opened(run), Question(run.id, wider.id))


def test_a_long_path_is_thinned_out_and_keeps_its_ends(monkeypatch):
    monkeypatch.setattr(looks, "MOST_EPOCHS", 3)
    run = made(epochs=8)
    epochs = looks.plane(opened(run), Question(run.id))["paths"][0]["epochs"]
    assert epochs.tolist() == [0, 3, 7]


def test_the_path_of_a_large_network_is_thinned_out_so_that_it_fits_into_memory(monkeypatch):
    run, other = made(epochs=8), made(seed=2, epochs=8)
    weights = opened(run).model.count_params()
    monkeypatch.setattr(looks, "MOST_NUMBERS", 8 * weights)
    assert len(looks.plane(opened(run), Question(run.id))["paths"][0]["epochs"]) == 8
    found = looks.plane(opened(run), Question(run.id, other.id))
    assert [path["epochs"].tolist() for path in found["paths"]] == [[0, 2, 4, 7]] * 2


def test_epochs_without_a_better_one_are_on_the_path_after_further_training():
    run = made()
    before = snapshots.written_at(run)
    checkpoints.save_snapshot(models.build(MODEL, seed=9), run.folder, EPOCHS)
    assert snapshots.written_at(run) > before > 0
    first = looks.plane(opened(run), Question(run.id, written=(before,)))
    after = looks.plane(opened(run), Question(run.id, written=(snapshots.written_at(run),)))
    assert first is not after
    assert after["paths"][0]["epochs"].tolist() == list(range(EPOCHS + 1))
    assert snapshots.written_at(runs.create(MODEL, TRAIN)) == 0


@pytest.mark.parametrize(
    "wrong", [{"grid": 400}, {"images": 50_000}, {"part": "test"}, {"kind": "x"}, {"seed": -1}]
)
def test_limits_hold_in_the_core(wrong):
    run = made()
    with pytest.raises(ValueError, match="must be one of"):
        looks.losses(opened(run), Question(run.id, **wrong), 0, 1)
