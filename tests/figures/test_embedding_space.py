"""Images as points in three dimensions: the numbers they hold, and which one is marked."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from cnn_core import texts
from cnn_core.figures import embedding_space, palette
from cnn_core.figures.embedding import Cloud, Words

NAMES = ["cat", "dog", "owl"]
WORDS = Words.of(texts.table("ko"))


@pytest.fixture
def cloud() -> Cloud:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    return Cloud(rng.normal(size=(200, 3)), labels, predicted, rng.random(200), np.ones(200, bool))


def chart_of(cloud: Cloud, marked: int | None = None) -> dict:
    return embedding_space.scatter(
        cloud, NAMES, title="t", axes=("a", "b", "c"), marked=marked,
        words=WORDS, palette=palette.LIGHT,
    ).to_plotly_json()  # fmt: skip


def test_each_point_lies_where_its_image_lies_and_names_it(cloud: Cloud):
    chart, seen = chart_of(cloud), []
    json.dumps(chart)
    for trace in chart["data"]:
        kind, _, label = trace["meta"].partition("_")
        if kind not in {"right", "wrong"}:
            continue
        rows = cloud.rows_of(kind, int(label))
        assert trace["name"] == NAMES[int(label)]
        assert list(trace["customdata"]) == rows.tolist()
        for place, axis in enumerate("xyz"):
            np.testing.assert_allclose(trace[axis], cloud.points[rows, place], rtol=1e-4)
        for row, said in zip(rows.tolist(), trace["hovertext"], strict=True):
            assert said.startswith(f"이미지 {row}: {NAMES[cloud.labels[row]]} → ")
        assert ((cloud.labels[rows] == cloud.predicted[rows]) == (kind == "right")).all()
        assert bool(trace["marker"]["line"]["width"]) == (kind == "wrong"), "a ring marks a mistake"
        seen += rows.tolist()
    assert sorted(seen) == list(range(200))


def test_a_class_is_one_entry_of_the_legend(cloud: Cloud):
    data = chart_of(cloud)["data"]
    assert [it["name"] for it in data if it["showlegend"]] == NAMES
    for name in NAMES:
        kinds = [it["meta"].partition("_")[0] for it in data if it.get("name") == name]
        assert kinds == ["right", "wrong", "name"]


def test_the_axes_stay_when_some_images_are_left_out(cloud: Cloud):
    some = replace(cloud, visible=cloud.labels == 1)
    for place, axis in enumerate(("xaxis", "yaxis", "zaxis")):
        low, high = chart_of(cloud)["layout"]["scene"][axis]["range"]
        assert [low, high] == chart_of(some)["layout"]["scene"][axis]["range"]
        assert low < cloud.points[:, place].min() < cloud.points[:, place].max() < high


def test_the_chosen_image_has_a_ring_if_it_is_drawn(cloud: Cloud):
    assert list(chart_of(cloud)["data"][-1]["x"]) == []
    ring = chart_of(cloud, 7)["data"][-1]
    np.testing.assert_allclose([ring[axis][0] for axis in "xyz"], cloud.points[7], rtol=1e-4)
    hidden = replace(cloud, visible=np.zeros(200, bool))
    assert all(not len(it["x"]) for it in chart_of(hidden, 7)["data"])
