"""The accuracy on changed test images, against single predictions; its chart."""

from __future__ import annotations

import numpy as np
import pytest

from cnn_core import model, runs, texts
from cnn_core.figures.palette import LIGHT
from cnn_core.figures.robustness import RobustnessWords, robustness_alt, robustness_chart
from cnn_core.inside.answers import data_of
from cnn_core.inside.robustness import robustness
from cnn_core.labs.changes import CHANGES, apply

pytestmark = pytest.mark.slow

CURVES = {"a": [0.9, 0.5, 0.1], "b": [0.8, 0.7, 0.6]}


@pytest.fixture(scope="module")
def digits() -> tuple[runs.Run, model.Opened]:
    run = runs.open_run("digits")
    return run, model.opened(run.model, run.folder / "best.keras")


@pytest.mark.parametrize("change", ["rotate", "noise"])
def test_correct_answers_are_those_of_single_predictions(change, digits) -> None:
    run, opened = digits
    found = robustness(opened, run.train, change, 3, 20)
    data = data_of(run.train)
    assert (found["images"], found["total"]) == (20, len(data.x_test))
    for strength, correct in zip(CHANGES[change].curve, found["correct"], strict=True):
        single = [
            opened.predict(apply(data.x_test[at], {change: strength}, seed=at)[np.newaxis]).argmax()
            for at in range(3, 23)
        ]
        assert abs(int(correct) - (np.array(single) == data.y_test[3:23]).sum()) <= 1


def test_pieces_add_up_and_end_with_the_data(digits) -> None:
    run, opened = digits
    whole = robustness(opened, run.train, "blur", 0, 24)
    parts = [robustness(opened, run.train, "blur", first, 12) for first in (0, 12)]
    np.testing.assert_allclose(whole["correct"], sum(part["correct"] for part in parts), atol=1)
    beyond = robustness(opened, run.train, "blur", whole["total"], 12)
    assert beyond["images"] == 0
    assert not beyond["correct"].any()


def test_a_change_that_there_is_not_is_refused(digits) -> None:
    run, opened = digits
    with pytest.raises(ValueError, match="melt"):
        robustness(opened, run.train, "melt", 0, 1)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_chart_has_a_line_for_each_network_and_says_so(language: str) -> None:
    words = RobustnessWords.of(texts.table(language))
    strengths = ["0°", "30°", "60°"]
    option = robustness_chart(CURVES, strengths, "Rotate", words=words, palette=LIGHT)
    assert [line["name"] for line in option["series"]] == ["a", "b"]
    assert [point["value"] for point in option["series"][1]["data"]] == [80, 70, 60]
    assert len({(line["color"], line["symbol"]) for line in option["series"]}) == 2
    alt = robustness_alt(CURVES, strengths, "Rotate", words=words)
    assert all(part in alt for part in ("90.0%", "10.0%", "60.0%", "60°"))
