"""Deletion and insertion curves as a chart, read back."""

from __future__ import annotations

import numpy as np
import pytest

from cnn_core import texts
from cnn_core.analysis.deletion import STEPS, replaced_shares
from cnn_core.figures.deletion import DeletionWords, deletion_alt, deletion_chart
from cnn_core.figures.palette import LIGHT

CURVES = {
    "hires_cam": 1 - replaced_shares(),
    "occlusion": np.r_[1.0, np.zeros(STEPS)],
    "random": np.full(STEPS + 1, 0.5),
    "bright": replaced_shares(),
}
NAMES = {name: name.upper() for name in CURVES}


def words(language: str = "en") -> DeletionWords:
    return DeletionWords.of(texts.table(language))


@pytest.mark.parametrize("kind", ["deletion", "insertion"])
def test_each_order_is_a_line_in_percent(kind: str) -> None:
    option = deletion_chart(CURVES, NAMES, kind, probability="P", words=words(), palette=LIGHT)
    assert [line["name"] for line in option["series"]] == list(NAMES.values())
    assert option["xAxis"]["name"] == getattr(words(), kind)
    assert option["yAxis"]["name"] == "P"
    for line, curve in zip(option["series"], CURVES.values(), strict=True):
        points = np.array([point["value"] for point in line["data"]])
        np.testing.assert_allclose(points[:, 0], 100 * replaced_shares(), atol=0.01)
        np.testing.assert_allclose(points[:, 1], 100 * curve, atol=0.001)


def test_what_knows_nothing_of_the_network_is_told_apart_without_colour() -> None:
    option = deletion_chart(
        CURVES, NAMES, "deletion", probability="P", words=words(), palette=LIGHT
    )
    kinds = {line["id"]: line["lineStyle"]["type"] for line in option["series"]}
    assert kinds == {
        "hires_cam": "solid", "occlusion": "solid", "random": "dashed", "bright": "dotted",
    }  # fmt: skip
    marks = [line["symbol"] for line in option["series"][:2]]
    assert len(set(marks)) == 2


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "best", "change"), [("deletion", "OCCLUSION", "100"), ("insertion", "BRIGHT", "10")]
)
def test_the_sentence_names_the_order_that_moves_it_most(language, kind, best, change) -> None:
    said = deletion_alt(CURVES, NAMES, kind, words=words(language))
    assert best in said
    assert change in said
