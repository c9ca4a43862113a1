"""What is seen of a training step: the answer first, then from the forward pass to the new loss."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import runs, texts
from cnn_core.figures import mosaic
from cnn_core.figures import training_step as figures
from cnn_core.figures.legend import percent, uri
from cnn_core.figures.training_step import digits
from cnn_core.labs import optimizers
from cnn_core.labs import training_step as labs
from cnn_core.labs.optimizers import State
from cnn_core.labs.training_step import StepSettings, TrainingStep
from cnn_core.markup import fill
from pages.elements.chart import draw_chart
from pages.network.names import class_names
from pages.parts.training_step import controls, writing
from pages.session.doors import colours
from pages.session.html import heading, html
from pages.session.words import label, language, t

SLICE_HEIGHT, HISTORY_HEIGHT = 300, 260
LAYERS_HEIGHT = (120, 34)  # in pixels: of the frame, of a layer
ZOOM = 3
EXACT = 6  # digits of numbers that are compared
LEAST = 0.0005  # of a difference of losses that is written as one


@dataclass(frozen=True)
class View:
    """What the page shows at the moment.

    Attributes:
        run: The run.
        settings: What was asked.
        answer: What the worker answered.
        rate: Learning rate of the next step.
    """

    run: runs.Run
    settings: StepSettings
    answer: TrainingStep
    rate: float

    @property
    def place(self) -> int:
        """Of the learning rate among those of the answer."""
        return int(np.abs(np.log(self.answer.rates / self.rate)).argmin())

    @property
    def after(self) -> float:
        """Loss of the batch after the step."""
        return float(self.answer.slice[self.place])

    @property
    def optimizer(self) -> str:
        """What the optimizer is called."""
        return label("optimizer", self.settings.optimizer)

    @property
    def number(self) -> int:
        """Of the next step, from 1."""
        return len(self.settings.rates) + 1


def headline(view: View) -> None:
    """What the step does to the loss, in one sentence."""
    before, after = view.answer.loss, view.after
    kind = "same" if abs(after - before) < LEAST * before else "down" if after < before else "up"
    lowest = float(view.answer.slice[view.answer.best])
    never = kind == "up" and labs.raises(lowest, before)
    words = t(
        f"training_step.answer_{'never' if never else kind}",
        number=view.number,
        optimizer=view.optimizer,
        rate=f"{view.rate:g}",
        before=digits(before),
        after=digits(after),
    )
    html(
        fill(
            '<div class="step-answer {{ kind }}">{{ words }}<small>{{ small }}</small></div>',
            kind=kind,
            words=words,
            small=t(f"training_step.dropout_{'on' if view.settings.dropout else 'off'}"),
        )
    )


def diverged(view: View) -> None:
    """The one sentence that is left to say, and the way there."""
    st.warning(t("training_step.diverged", count=view.number - 1), icon=":material/trending_up:")
    _history(view)


def pictures(view: View) -> None:
    """Each image with its label, and what the step does to the label's probability and the loss."""
    answer, names = view.answer, class_names(view.run)
    cards = []
    for index, image in enumerate(answer.images):
        truth = int(answer.labels[index])
        p = float(answer.probabilities[index, truth]), float(answer.truth_after[view.place, index])
        loss = float(answer.losses[index]), float(answer.losses_after[view.place, index])
        row = view.settings.rows[index]
        cards.append(
            (
                uri(mosaic.image_png(image, zoom=ZOOM)),
                t("training_step.image_alt", row=row, name=names[truth]),
                names[truth],
                t("training_step.card_p", before=_percent(p[0]), after=_percent(p[1])),
                t("training_step.card_loss", before=digits(loss[0]), after=digits(loss[1])),
                "down" if loss[1] <= loss[0] else "up",
            )
        )
    html(
        fill(
            '<div class="step-images">{% for source, alt, name, p, loss, kind in cards %}'
            '<figure class="{{ kind }}"><img alt="{{ alt }}" src="{{ source }}"><figcaption>'
            "<b>{{ name }}</b><span>{{ p }}</span><span>{{ loss }}</span></figcaption></figure>"
            "{% endfor %}</div>",
            cards=cards,
        )
    )


def slice_chart(view: View) -> None:
    """The true loss after the step at every learning rate, and below it what is to be seen."""
    answer = view.answer
    words = figures.SliceWords.of(texts.table(language()))
    slice_ = figures.Slice(
        answer.rates, answer.slice, answer.along_gradient, answer.loss, view.place,
        answer.overshoot, view.optimizer,
    )  # fmt: skip
    draw_chart(
        figures.slice_chart(slice_, words=words, palette=colours()),
        height=SLICE_HEIGHT, key="training_step_slice", alt=figures.slice_alt(slice_, words=words),
    )  # fmt: skip
    numbers = {
        "best": f"{answer.rates[answer.best]:.2g}",
        "lowest": digits(answer.slice[answer.best]),
    }
    if labs.raises(float(answer.slice[answer.best]), answer.loss):
        st.caption(t("training_step.slice_never"))
    elif answer.overshoot is None:
        st.caption(t("training_step.slice_no_overshoot", **numbers))
    else:
        st.caption(t("training_step.slice", overshoot=f"{answer.overshoot:.2g}", **numbers))


def forward(view: View) -> None:
    """1. The loss of each image, and their mean."""
    answer, names = view.answer, class_names(view.run)
    heading(t("training_step.forward"))
    st.markdown(t("training_step.forward_text"))
    truth = answer.probabilities[np.arange(len(answer.labels)), answer.labels]
    rows = [
        (names[int(klass)], digits(p, EXACT), f"−ln {digits(p, EXACT)}", digits(loss, EXACT))
        for klass, p, loss in zip(
            answer.labels, truth.tolist(), answer.losses.tolist(), strict=True
        )
    ]
    mean = t("training_step.mean", count=len(rows))
    html(
        _table(
            ("class", "p", "ln", "loss"),
            [*rows, (mean, "", "", digits(answer.loss, EXACT))],
        )
    )


def output(view: View) -> None:
    """2. The gradient at the output, p − y, for each image and class."""
    answer, names = view.answer, class_names(view.run)
    heading(t("training_step.output"))
    st.markdown(t("training_step.output_text", count=len(answer.labels)))
    lines = [
        (
            names[int(answer.labels[index])],
            [
                (
                    "truth" if klass == answer.labels[index] else "",
                    f"{min(1.0, abs(value)):.3f}",
                    "up" if value > 0 else "down",
                    f"{value:+.3f}".replace("-", "−"),
                )
                for klass, value in enumerate(gradient)
            ],
        )
        for index, gradient in enumerate(answer.output_gradient.tolist())
    ]
    html(
        fill(
            '<div class="step-output" tabindex="0" role="region" aria-label="{{ label }}"><table><thead><tr>'
            '<th scope="col">{{ first }}</th>{% for name in names %}<th scope="col">{{ name }}</th>'
            "{% endfor %}</tr></thead><tbody>{% for name, cells in lines %}<tr>"
            '<th scope="row">{{ name }}</th>{% for kind, size, sign, text in cells %}'
            '<td class="{{ kind }} {{ sign }}" style="--size:{{ size }}">{{ text }}</td>{% endfor %}'
            "</tr>{% endfor %}</tbody></table></div>",
            label=t("training_step.output"),
            first=t("training_step.label"),
            names=names,
            lines=lines,
        )
    )


def layers(view: View) -> None:
    """3. The gradient's way back through the layers."""
    rows = view.answer.layers
    heading(t("training_step.layers"))
    st.markdown(t("training_step.layers_text"))
    words = figures.LayerWords.of(texts.table(language()))
    names = [row.name for row in rows]
    sizes = [row.output for row in rows]
    chart = figures.layers_chart(
        names, sizes, [row.weights for row in rows], words=words, palette=colours()
    )
    draw_chart(
        chart, height=LAYERS_HEIGHT[0] + LAYERS_HEIGHT[1] * len(rows), key="training_step_layers",
        alt=figures.layers_alt(names, sizes, words=words),
    )  # fmt: skip
    blocked = max(rows, key=lambda row: row.zeros)
    if blocked.zeros > 0.01:
        st.caption(t("training_step.zeros", layer=blocked.name, share=f"{blocked.zeros:.0%}"))


def one_weight(view: View) -> None:
    """4. One weight: its gradient in two ways, then the optimizer's step, written out."""
    weight = view.answer.weight
    heading(t("training_step.weight"))
    st.markdown(t("training_step.weight_text"))
    left, right = st.columns([0.3, 0.7], gap="medium")
    with left:
        controls.choose_weight(view.run, weight)
    with right:
        gap = abs(weight.difference - weight.gradient)
        html(
            _table(
                ("what", "value"),
                [
                    (
                        t("training_step.weight_value", layer=weight.layer),
                        digits(weight.value, EXACT),
                    ),
                    (
                        t("training_step.above", width=digits(weight.width, 1)),
                        digits(weight.above, 12),
                    ),
                    (
                        t("training_step.below", width=digits(weight.width, 1)),
                        digits(weight.below, 12),
                    ),
                    (t("training_step.difference"), digits(weight.difference, EXACT)),
                    (t("training_step.gradient"), digits(weight.gradient, EXACT)),
                    (t("training_step.gap"), digits(gap, 1)),
                ],
            )
        )
    heading(t("training_step.update", optimizer=view.optimizer))
    st.markdown(t(f"training_step.update_{view.settings.optimizer}"))
    state = State(weight.first, weight.second)
    step = optimizers.step(
        view.settings.optimizer, weight.value, weight.gradient, state, view.rate, view.number
    )
    with st.container(key="training_step_lines"):
        st.latex(writing.equations(view.settings.optimizer, weight, step, view.rate, view.number))
    if view.number > 1:
        st.caption(t("training_step.kept"))


def new_loss(view: View) -> None:
    """5. The loss after the step, and the steps so far."""
    answer = view.answer
    heading(t("training_step.new_loss"))
    predicted = view.rate * float(sum((row.weights or 0.0) ** 2 for row in answer.layers))
    key = "new_loss_sgd" if view.settings.optimizer == "sgd" else "new_loss_text"
    st.markdown(
        t(
            f"training_step.{key}",
            before=digits(answer.loss, EXACT),
            after=digits(view.after, EXACT),
            rate=f"{view.rate:g}",
            predicted=digits(answer.loss - predicted, EXACT),
        )
    )
    _history(view)
    st.caption(t("training_step.batch_note", batch=view.run.train.batch_size))


def _history(view: View) -> None:
    words, losses = figures.HistoryWords.of(texts.table(language())), view.answer.history
    draw_chart(
        figures.history_chart(losses, words=words, palette=colours()),
        height=HISTORY_HEIGHT, key="training_step_history",
        alt=figures.history_alt(losses, words=words),
    )  # fmt: skip


def _percent(probability: float) -> str:
    return percent(probability) if math.isfinite(probability) else "–"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Markup:
    return fill(
        '<div class="step-table"><table><thead><tr>{% for head in heads %}<th scope="col">{{ head }}</th>'
        "{% endfor %}</tr></thead><tbody>{% for row in rows %}<tr>{% for cell in row %}"
        "<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</tbody></table></div>",
        heads=[t(f"training_step.head_{name}") for name in heads],
        rows=rows,
    )
