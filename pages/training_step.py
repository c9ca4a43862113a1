"""What does one training step change? Forward, back layer by layer, one weight moved, and the new loss."""

from __future__ import annotations

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from pages.elements.head import head
from pages.network import answers, goals
from pages.network.choice import is_gone, say_if_training, trained_network
from pages.parts.training_step import controls, stages
from pages.parts.training_step.stages import View
from pages.session import course
from pages.session.address import arrived, followed, say
from pages.session.html import STYLE, complain, waking


def main() -> None:
    """Which network; then everything that follows the controls."""
    st.html(STYLE)
    place = head("training_step", "loss", "gradient", "backpropagation", "optimizer")
    link = arrived("training_step", controls.LINK)
    run = trained_network("training_step", link, place)
    if run is None:
        return
    say_if_training(run)
    controls.follow(run, link)
    followed("training_step", link)
    _story(run)


def _story(run: runs.Run) -> None:
    """No fragment: in one, two presses while the worker is busy would become one step."""
    if is_gone(run, "training_step"):
        return
    left, right = st.columns([0.27, 0.73], gap="medium")
    result = right.container(key="training_step_result")
    try:
        with left, st.container(key="training_step_choice"):
            rate = controls.choose_rate(run)
            controls.buttons(rate)
            settings = controls.choose_images(run)
        say("training_step", controls.query(run, rate))
        with result, waking():
            sized, _ = controls.batch(run)
            view = View(run, settings, answers.training_step(sized, settings), rate)
    except CnnError as error:
        with result:
            complain(error)
        return
    goals.try_goal("overshoot", lambda: view.answer.history)
    course.report(
        "training_step", count=len(settings.rates), before=float(view.answer.history[0]),
        after=float(view.answer.history[-1]),
    )  # fmt: skip
    if view.answer.diverged:
        with result:
            stages.diverged(view)
        return
    with result:
        stages.headline(view)
        stages.pictures(view)
        stages.slice_chart(view)
    stages.forward(view)
    stages.output(view)
    stages.layers(view)
    stages.one_weight(view)
    stages.new_loss(view)


main()
