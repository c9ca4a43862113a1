"""Every goal inside a network can be reached with the networks that came with it, and is not at the start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cnn_core import model as models
from cnn_core import runs
from cnn_core.analysis import kernels
from cnn_core.analysis.edits import Edits, Filter
from cnn_core.analysis.evaluation import confusion
from cnn_core.config import TrainConfig
from cnn_core.course.goals import GOALS
from cnn_core.course.goals_inside import ClassMaps, Response, Surgery, Turn
from cnn_core.inside import answers, explain, features, surgery, training_step
from cnn_core.labs import changes
from cnn_core.labs.training_step import StepSettings
from cnn_core.runs import explained

pytestmark = pytest.mark.slow
SHIRTS = Edits((Filter("conv2", 32), Filter("conv2", 57)))


def opened(name: str) -> tuple[models.Opened, TrainConfig]:
    run = runs.open_run(name)
    network = models.opened(run.model, run.folder / "best.keras")
    return network, replace(run.train, size="sample")


def test_the_network_that_reads_digits_has_a_dead_filter_and_others() -> None:
    network, train = opened("digits")
    survey = features.survey(network, train, 0, 1_000)["conv2"]
    top = kernels.top_images([(survey["peak"], survey["saturated"])])
    rule, start = GOALS["dead"].rule, int(GOALS["dead"].query["filter"])
    attempts = [rule.check(Response(float(peak), top.images, "relu")) for peak in top.peak]
    assert [place for place, attempt in enumerate(attempts) if attempt.reached] == [21]
    assert not attempts[start].reached


def test_two_filters_less_find_more_shirts() -> None:
    network, train = opened("fashion")
    before, after = (
        surgery.verdict(network, train, edits, 0, 2_500, "val") for edits in (Edits(), SHIRTS)
    )
    data = answers.data_of(train)
    predicted = models.predict(network, data.x_val).argmax(axis=1)
    assert (before["matrix"] == confusion(data.y_val, predicted, 10)).all()
    attempt = GOALS["recall"].rule.check(Surgery(before["matrix"], after["matrix"]))
    assert attempt.reached
    assert GOALS["recall"].rule.check(Surgery(before["matrix"], before["matrix"])) is None


def test_some_image_changes_its_class_by_a_small_turn_and_the_first_does_not() -> None:
    network, train = opened("fashion")
    data, rule = answers.data_of(train), GOALS["turn"].rule
    for index, degrees, reached in ((45, 1.0, True), (0, rule.most, False)):
        turned = [changes.apply(data.x_test[index], {"rotate": angle}) for angle in (0.0, degrees)]
        before, after = models.predict(network, np.stack(turned)).argmax(axis=1)
        attempt = rule.check(Turn(degrees, int(data.y_test[index]), int(before), int(after)))
        assert bool(attempt and attempt.reached) is reached


def sums(answer: dict) -> ClassMaps:
    grad, hires = (
        float(np.maximum(answer[name]["map"], 0).sum()) for name in ("grad_cam", "hires_cam")
    )
    return ClassMaps(grad, hires, of_predicted=True, of_last=True)


def test_grad_cam_is_blank_on_the_first_coat_and_on_no_image_that_the_page_begins_with() -> None:
    network, train = opened("fashion")
    data = answers.data_of(train)
    coat = data.x_test[0]
    assert GOALS["blank"].rule.check(sums(explain.explanations(network, coat))).reached
    for size in ("sample", "full"):
        kept = explained.read(runs.open_run("fashion"), size)
        assert kept is not None
        assert not GOALS["blank"].rule.check(sums(kept.answer)).reached


def test_ten_steps_of_stochastic_gradient_descent_overshoot_and_come_back() -> None:
    network, train = opened("fashion")
    rule = GOALS["overshoot"].rule
    for rate, reached in ((0.01, False), (0.2, True)):
        settings = StepSettings((0, 1, 2, 3), "untrained", "sgd", rates=(rate,) * 10)
        losses = training_step.training_step(network, train, settings).history
        attempt = rule.check(losses)
        assert bool(attempt and attempt.reached) is reached
