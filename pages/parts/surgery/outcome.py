"""What comes of a surgery: prediction, test accuracy, confusion matrix; and which filter matters most."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
from markupsafe import Markup
from streamlit.delta_generator import DeltaGenerator

from cnn_core import texts
from cnn_core.analysis.edits import Edits
from cnn_core.analysis.evaluation import per_class
from cnn_core.course.goals_inside import Surgery
from cnn_core.figures import evaluation as confusions
from cnn_core.figures import surgery as figures
from cnn_core.figures.legend import number, percent
from cnn_core.markup import fill
from pages.elements.chart import draw_chart
from pages.elements.clicks import clicked
from pages.network import answers, goals
from pages.network.answers import PIECE
from pages.network.epochs import convolutions
from pages.parts.surgery.state import View, choose, keep, take_refusal
from pages.pictures.run_image import Chosen
from pages.session.doors import colours
from pages.session.html import complain, html, waking
from pages.session.words import language, t

RANKED = 1_000  # test images that the ranking looks at
SLICE = 8  # filters per look of the ranking
MATRIX_HEIGHT, RANKING_HEIGHT = 430, 300
HOPEFUL = 0.01  # gain of recall on test images from which on the validation images are asked, too
LISTED, CHANGES = 12, 6  # filters of a layer and weights that are named; of more, there is a sign


def prediction(view: View, image: Chosen | None, answer: DeltaGenerator) -> dict[str, np.ndarray]:
    """Probabilities of the image before and after; the feature maps after by layer, none without an image.

    Args:
        view: What is shown.
        image: The image.
        answer: The place at the top that stays in sight.
    """
    _done(view)
    if image is None:
        st.caption(t("surgery.no_image"))
        return {}
    outcome = _operate(view, image.pixels)
    before, after = outcome.pop("before"), outcome.pop("after")
    was, now = (view.names[int(values.argmax())] for values in (before, after))
    share = percent(after.max())
    key = "untouched" if not view.edits else "same" if was == now else "other"
    words = t(f"surgery.{key}", before=was, after=now, share=share)
    html(
        fill(
            '<div class="surgery-answer" role="status">{{ words }} <small>{{ image }}</small></div>',
            words=words,
            image=image.title,
        ),
        answer,
    )
    html(figures.shares_html(before, after, view.names, words))
    return outcome


def _operate(view: View, pixels: np.ndarray) -> dict[str, np.ndarray]:
    with waking():
        return answers.operate(view.run, pixels, view.edits)


def _done(view: View) -> None:
    """What was done to the network, in words."""
    refused = take_refusal()
    if refused is not None:
        complain(refused)
    changes = []
    for name in convolutions(view.run):
        off = view.edits.off_in(name)
        if off:
            listed = ", ".join(map(str, off[:LISTED])) + (" …" if len(off) > LISTED else "")
            changes.append(t("surgery.off", layer=name, count=len(off), filters=listed))
    for change in view.edits.weights[:CHANGES]:
        old = number(float(view.trained[change.path][change.place]))
        place = ", ".join(map(str, change.place[:-1]))
        key = "surgery.changed" if place else "surgery.changed_bias"
        slots = {
            "layer": change.layer,
            "filter": change.place[-1],
            "old": old,
            "new": number(change.value),
        }
        changes.append(t(key, place=place, **slots))
    if len(view.edits.weights) > CHANGES:
        changes.append("…")
    with st.container(key="surgery_done"):
        words = " · ".join(changes) if changes else t("surgery.whole")
        html(fill('<div class="inside done"><span>{{ words }}</span></div>', words=words))


def undo(view: View, place: DeltaGenerator) -> None:
    """The way back to the network as it was trained, in sight wherever the controls are."""
    place.button(
        t("surgery.reset"), key="surgery_reset", icon=":material/healing:", type="primary",
        disabled=not view.edits, on_click=lambda: keep(view.run, Edits()),
    )  # fmt: skip


def verdicts(view: View, scores: DeltaGenerator) -> None:
    """Test accuracy before and after, and what became of the confusion matrix."""
    slot = scores

    def show(was: np.ndarray, now: np.ndarray, total: int) -> None:
        nonlocal slot
        slot = html(_scores_html(was, now, total), slot)

    before = _matrix(view, Edits())
    first = answers.verdict(view.run, Edits(), 0)["matrix"]
    after = _matrix(view, view.edits, lambda now, total: show(first, now, total))
    show(before, after, int(before.sum()))
    if view.edits:
        _tell_goal(view, before, after)
    left, right = st.columns(2, gap="medium")
    words = confusions.ConfusionWords.of(texts.table(language()))
    with left, st.container(key="surgery_matrix"):
        draw_chart(
            confusions.confusion_heatmap(
                after, view.names, as_percent=False, marked=None, words=words, palette=colours()
            ),
            height=MATRIX_HEIGHT, key="surgery_confusion",
            alt=confusions.confusion_alt(after, view.names, words=words),
        )  # fmt: skip
    with right, st.container(key="surgery_change"):
        draw_chart(
            figures.difference_heatmap(
                before, after, view.names, words=_words(), palette=colours()
            ),
            height=MATRIX_HEIGHT, key="surgery_difference",
            alt=figures.difference_alt(before, after, view.names, words=_words()),
        )  # fmt: skip


def _tell_goal(view: View, before: np.ndarray, after: np.ndarray) -> None:
    """Check the surgery on the validation images, which count, once the test images make it likely."""
    gain = (per_class(after).recall - per_class(before).recall).max()
    if gain < HOPEFUL:
        return
    goals.try_goal(
        "recall",
        lambda: Surgery(*(_matrix(view, edits, part="val") for edits in (Edits(), view.edits))),
    )


def _matrix(
    view: View,
    edits: Edits,
    on_first: Callable[[np.ndarray, int], None] = lambda first, total: None,
    part: str = "test",
) -> np.ndarray:
    """Confusion matrix of a whole part; `on_first` gets that of the first piece, and all images."""
    piece = answers.verdict(view.run, edits, 0, part)
    matrix, total = piece["matrix"], piece["total"]
    if total > PIECE:
        on_first(matrix, total)
    for first in range(PIECE, total, PIECE):
        matrix = matrix + answers.verdict(view.run, edits, first, part)["matrix"]
    return matrix


def _scores_html(before: np.ndarray, after: np.ndarray, total: int) -> Markup:
    """Accuracy before and after and their distance, of as many images as the matrices hold."""
    images = int(after.sum())
    was, now = (int(np.trace(values)) / max(1, images) for values in (before, after))
    points = figures.signed(100 * (now - was), 2)
    kind = "worse" if now < was else "better" if now > was else "equal"
    note = t("surgery.all_images", total=f"{total:,}")
    if images < total:
        note = t("surgery.first_images", images=f"{images:,}", total=f"{total:,}")
    cells = (
        ("", f"{t('surgery.accuracy')}, {t('surgery.accuracy_before')}", f"{was:.2%}"),
        ("", t("surgery.accuracy_after"), f"{now:.2%}"),
        (kind, t("surgery.accuracy_change"), t("surgery.points", points=points)),
    )
    return fill(
        '<div class="surgery-scores" role="status" title="{{ note }}">{% for kind, word, value in cells %}'
        '<span class="{{ kind }}"><small>{{ word }}</small><b>{{ value }}</b></span>{% endfor %}'
        "<small>{{ note }}</small></div>",
        note=note,
        cells=cells,
    )


def ranking(view: View) -> None:
    """How the accuracy changes when one more filter of the layer is switched off, for each of them."""
    name = view.row.name
    note = t("surgery.rank_note", layer=name, images=f"{RANKED:,}")
    with st.container(border=True, key="surgery_ranking"):
        html(
            fill(
                '<div class="inside head"><b>{{ title }}</b></div><div class="inside note">{{ note }}</div>',
                title=t("surgery.rank_title"),
                note=note,
            )
        )
        key = f"surgery_ranked_{view.run.id}_{name}"
        if st.button(
            t("surgery.rank", layer=name), key="surgery_rank", icon=":material/leaderboard:"
        ):
            st.session_state[key] = (view.edits, view.weights_at, _ranked(view))
        kept_ranking = st.session_state.get(key)
        if kept_ranking is None or kept_ranking[1] != view.weights_at:
            return
        made_with, _, ranked = kept_ranking
        palette, words = colours(), _words()
        draw_chart(
            figures.ranking_bars(ranked, layer=name, words=words, palette=palette),
            height=RANKING_HEIGHT, key="surgery_bars",
            on_select=lambda: _choose_bar(ranked.order),
            alt=figures.ranking_alt(ranked, layer=name, words=words),
        )  # fmt: skip
        st.caption(t("surgery.rank_stale" if made_with != view.edits else "surgery.rank_click"))


def _ranked(view: View) -> figures.Ranking:
    """What is lost and gained without each filter of the layer."""
    count, lost, gained = view.row.output_shape[2], [], []
    bar = st.progress(0.0, text=t("surgery.ranking", done=0, count=count))
    for start in range(0, count, SLICE):
        which = tuple(range(start, min(start + SLICE, count)))
        piece = answers.ablation(view.run, view.edits, view.row.name, which, RANKED)
        lost += piece["lost"].tolist()
        gained += piece["gained"].tolist()
        bar.progress(len(lost) / count, text=t("surgery.ranking", done=len(lost), count=count))
    bar.empty()
    return figures.Ranking(lost, gained, int(piece["correct"]), int(piece["images"]))


def _choose_bar(order: list[int]) -> None:
    """Choose the filter whose bar was clicked."""
    places = clicked("surgery_bars")
    if places and places[0] < len(order):
        choose(order[places[0]])


def _words() -> figures.Words:
    return figures.Words.of(texts.table(language()))
