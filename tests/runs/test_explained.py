"""The explanations kept beside a network are those that would be computed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnn_core import datasets, runs
from cnn_core import model as models
from cnn_core.errors import RunError
from cnn_core.inside.deletion import deletion_curves
from cnn_core.inside.explain import METHODS, explanations
from cnn_core.runs import explained

pytestmark = pytest.mark.slow

KEPT = [
    (name, size)
    for name, size in explained.START
    if size == "sample" or datasets.available(runs.open_run(name).train.dataset, size)
]


@pytest.mark.parametrize(("name", "size"), KEPT)
def test_what_is_kept_is_what_would_be_computed(name: str, size: str) -> None:
    run = runs.open_run(name)
    kept = explained.read(run, size)
    assert kept is not None
    data = datasets.load(run.train.dataset, size)
    assert kept.index == explained.START[name, size]
    assert (kept.image == data.x_test[kept.index]).all()
    assert kept.truth == data.y_test[kept.index]
    computed = explanations(models.opened(run.model, run.folder / "best.keras"), kept.image)
    assert kept.answer["label"] == computed["label"]
    curves = deletion_curves(models.opened(run.model, run.folder / "best.keras"), kept.image)
    assert kept.answer["curves"].keys() == curves.keys()
    for kind, value in curves.items():  # pixels that are nearly equal may change places
        assert np.median(np.abs(kept.answer["curves"][kind] - value)) < 2e-3
    np.testing.assert_allclose(kept.answer["scores"], computed["scores"], rtol=2e-3, atol=2e-4)
    for method in METHODS:
        assert kept.answer[method].keys() == computed[method].keys()
        for key, value in computed[method].items():
            np.testing.assert_allclose(kept.answer[method][key], value, rtol=2e-3, atol=2e-4)


def test_all_of_them_are_small() -> None:
    for name, size in explained.START:
        path = runs.open_run(name).folder / explained.FILE.format(size=size)
        assert path.stat().st_size < 40_000


def test_a_run_of_a_visitor_has_none(tmp_path: Path) -> None:
    run = runs.open_run("fashion")
    assert explained.read(replace(run, id="20260101-000000-abcdef"), "sample") is None
    assert explained.read(replace(run, folder=tmp_path), "sample") is None


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    run = replace(runs.open_run("fashion"), folder=tmp_path)
    (tmp_path / explained.FILE.format(size="sample")).write_bytes(b"PK no more")
    with pytest.raises(RunError):
        explained.read(run, "sample")
