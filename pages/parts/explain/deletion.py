"""Parts of the page "Explain": which method is right? Pixels go, or come, in the order of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import runs, texts
from cnn_core.analysis.deletion import FILLS, IMAGES, ORDERS, after_a_tenth, area
from cnn_core.errors import CnnError
from cnn_core.figures import deletion as figures
from cnn_core.markup import fill
from pages.elements.chart import draw_chart
from pages.network import answers
from pages.parts.explain.methods import Request, View
from pages.session import choices
from pages.session.doors import colours
from pages.session.html import complain, heading, html
from pages.session.settings import Setting
from pages.session.words import language, t

KINDS = ("deletion", "insertion")
SCOPES = ("image", "many")
TOGETHER = 5  # images per look
PASSES = 2_000  # of each image
TIED = 2  # best orders that are named where several are equal
HEIGHT = 410  # of the chart, in pixels
SETTINGS = (
    Setting("kind", "explain_kind", KINDS, KINDS[0]),
    Setting("fill", "explain_fill", FILLS, FILLS[0]),
    Setting("scope", "explain_scope", SCOPES, SCOPES[0]),
)

Curves = Mapping[str, Any]


@st.fragment
def section(view: View, say: Callable[[runs.Run], None]) -> None:
    """The curves of the image or the mean of many, and how far the first tenth of the pixels goes."""
    run, request = view.run, view.request
    heading(t("explain.deletion.title"))
    st.caption(t("explain.deletion.intro"))
    kind, stand_in, scope = _controls()
    say(run)
    many = scope == "many"
    try:
        curves = _mean(run, request) if many else view.answer.get("curves") or _of(view)
    except CnnError as error:
        complain(error)
        return
    title = view.image.title
    what = t("explain.deletion.mean_of", images=int(curves["images"])) if many else title
    chart, table = st.columns([0.56, 0.44], gap="medium")
    with chart:
        _chart(view, curves[kind][:, FILLS.index(stand_in)], kind, many=many)
    with table:
        html(_table(curves[kind], kind, what))
    words = _verdict(curves[kind], kind)
    html(fill('<p class="deletion-verdict" role="status">{{ words }}</p>', words=words))
    st.caption(t("explain.deletion.beware"))


def _controls() -> tuple[str, str, str]:
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        scope = choices.segmented_control(
            t("explain.deletion.scope"), SCOPES, key="explain_scope",
            help=t("explain.deletion.scope_help"),
            format_func=lambda name: t(f"explain.deletion.scope_{name}", images=IMAGES),
        )  # fmt: skip
        kind = choices.segmented_control(
            t("explain.deletion.kind"), KINDS, key="explain_kind",
            help=t("explain.deletion.kind_help"),
            format_func=lambda name: t(f"explain.deletion.kind_{name}"),
        )  # fmt: skip
        stand_in = choices.segmented_control(
            t("explain.deletion.fill"), FILLS, key="explain_fill",
            help=t("explain.deletion.fill_help"),
            format_func=lambda name: t(f"explain.fill_{name}"),
        )  # fmt: skip
    return kind, stand_in, scope


def _of(view: View) -> Curves:
    request = view.request
    with st.spinner(t("explain.deletion.working")):
        return answers.deletion_curves(
            view.run, view.image.pixels, request.label, request.layer, request.side, request.shade
        )


def _mean(run: runs.Run, request: Request) -> Curves:
    """The mean over the first test images; what is done is kept when another choice stops it."""
    total: dict[str, Any] = {}
    bar = st.empty()
    count = answers.per_look(run, TOGETHER, PASSES)
    for first in range(0, IMAGES, count):
        done = t("explain.deletion.progress", done=first, images=IMAGES)
        bar.progress(first / IMAGES, text=done)
        piece = answers.deletion_sums(run, first, count, request.layer, request.side, request.shade)
        total = {name: total.get(name, 0) + part for name, part in piece.items()}
        if piece["images"] < count:
            break
    bar.empty()
    images = max(1, int(total["images"]))
    return {**{kind: total[kind] / images for kind in KINDS}, "images": images}


def _names() -> dict[str, str]:
    return {order: t(f"explain.deletion.{order}") for order in ORDERS}


def _chart(view: View, curves: np.ndarray, kind: str, *, many: bool) -> None:
    request, name = view.request, view.names[view.answer["label"]]
    methods = [
        f"{name}_{request.start}" if name == "integrated" else name for name in request.methods
    ]
    lines = {order: curves[ORDERS.index(order)] for order in (*methods, "random", "bright")}
    probability = (
        t("explain.deletion.of_predicted") if many else t("explain.deletion.of", name=name)
    )
    words = figures.DeletionWords.of(texts.table(language()))
    draw_chart(
        figures.deletion_chart(
            lines, _names(), kind, probability=probability, words=words, palette=colours()
        ),
        height=HEIGHT, key="explain_deletion_chart",
        alt=figures.deletion_alt(lines, _names(), kind, words=words),
    )  # fmt: skip


def _moved(curves: np.ndarray, kind: str) -> np.ndarray:
    """How far the first tenth moved the probability (ORDERS, FILLS), in points, in the wanted direction."""
    sign = -1 if kind == "deletion" else 1
    moved: np.ndarray = 100 * sign * after_a_tenth(curves)
    return moved


def _table(curves: np.ndarray, kind: str, what: str) -> Markup:
    """After a tenth of the pixels, and the area under the curve, by what stands in."""
    moved, areas = np.rint(_moved(curves, kind)), area(curves)
    best = moved == moved.max(axis=0)
    rows = [
        (name, [_cell(*values) for values in zip(moved[row], areas[row], best[row], strict=True)])
        for row, name in enumerate(_names().values())
    ]
    return fill(
        '<table class="deletion"><caption>{{ title }}</caption><thead><tr><td></td>'
        '{% for name in fills %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead><tbody>'
        '{% for name, cells in rows %}<tr><th scope="row">{{ name }}</th>'
        "{% for points, area, best in cells %}"
        '<td{% if best %} class="best"{% endif %}>{{ points }}<small>{{ area }}</small></td>{% endfor %}'
        "</tr>{% endfor %}</tbody></table>",
        title=t(f"explain.deletion.table_{kind}", what=what),
        fills=[t(f"explain.fill_{name}") for name in FILLS],
        rows=rows,
    )


def _verdict(curves: np.ndarray, kind: str) -> str:
    """Which order goes furthest with each of the stand-ins."""
    moved = np.rint(_moved(curves, kind))
    best = {f"best_{name}": _first(moved[:, place]) for place, name in enumerate(FILLS)}
    return t("explain.deletion.verdict", **best)


def _first(moved: np.ndarray) -> str:
    """The names of the best orders, two at most, and how many more; "–" where no order moves it."""
    if not moved.max() > 0:
        return "–"
    names = list(_names().values())
    best = [names[row] for row in np.flatnonzero(moved == moved.max())]
    first, rest = ", ".join(best[:TIED]), len(best) - TIED
    return t("explain.deletion.more", names=first, count=rest) if rest > 0 else first


def _cell(points: float, under: float, best: bool) -> tuple[str, str, bool]:
    return f"{int(points):d}".replace("-", "−"), f"{under:.2f}", bool(best)
